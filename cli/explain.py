"""`csdl explain CODE`: what a code in a log, an answer or an alert means, and what to do."""

from typing import Any

import click

from cli.answers import fail, json_option, print_json, tell
from producers.preflight import explain as texts
from schemas.errors import Problem

UNKNOWN = "DOC-011"


@click.command()
@click.argument("codes", metavar="CODE...", nargs=-1, required=True)
@json_option
@click.pass_context
def explain(ctx: click.Context, codes: tuple[str, ...], as_json: bool) -> None:
    """Giải thích mã lỗi — say what a code means and what to do about it; the … is what varies.

    Exit code 1 if one of them is none of ours.
    """
    asked = [code.strip().upper() for code in codes]
    found: dict[str, Any] = {code: texts(code) for code in asked}
    if unknown := [code for code, (said, _) in found.items() if said == code]:
        fail(ctx, [Problem(UNKNOWN, params={"name": code}) for code in unknown])
    if as_json:
        print_json([{"code": code, "message_vi": vi, "message_en": en} for code, (vi, en) in found.items()])
        return
    for code, both in found.items():
        for text in both:
            tell(f"{code} {text}")
