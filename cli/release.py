"""`csdl release`: the one file that a server is installed from."""

from dataclasses import asdict
from pathlib import Path

import click

from cli.answers import json_option, print_json, tell
from deploy import release as releases


@click.group()
def release() -> None:
    """Bản phát hành — a release: the product of one commit with all that it needs, in one file."""


@release.command()
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file.")
@click.option("--commit", default="HEAD", show_default=True, help="Of which commit or tag of this checkout.")
@json_option
def build(out: Path, commit: str, as_json: bool) -> None:
    """Đóng gói — write it, for machines with this one's Python.

    There: tar -xf FILE && sudo python3 csdl-VERSION/install.py --use
    """
    about = releases.build(out, commit)
    if as_json:
        print_json(asdict(about))
    else:
        tell(f"csdl {about.version} ({about.commit[:10]}, Python {about.python}): {out}")
