"""`csdl config`: the settings in force, where each comes from, and what is wrong with them."""

import json

import click

from cli.answers import fail, json_option, print_json, tell
from runtime.settings import Settings
from runtime.settings_given import DEFAULT, PREFIX, Given, gather


@click.command()
@click.option(
    "--check",
    is_flag=True,
    help="Kiểm tra — say everything that is wrong with them: names, values, files, logins at the servers.",
)
@json_option
@click.pass_context
def config(ctx: click.Context, check: bool, as_json: bool) -> None:
    """In cấu hình đang dùng — print the settings in force and where each comes from, without secrets.

    The environment goes before a stack's own file, and that before /etc/csdl/csdl.env (CSDL_SETTINGS names
    another). With --check the exit code is 0 if nothing is wrong, 1 if something is, 3 if a server is away.
    """
    if check:
        _check(ctx, as_json)
        return
    given = gather()
    shown = {}
    for field, value in Settings().model_dump(mode="json").items():
        said = given.get(f"{PREFIX}{field.upper()}", Given("", DEFAULT))
        shown[field] = {"value": value, "source": said.source, "path": said.path, "line": said.line}
    if as_json:
        print_json(shown)
        return
    titles = {field: f"{it['source']} {it['path']}".strip() for field, it in shown.items()}
    for title in dict.fromkeys(titles.values()):
        tell(f"# {title}")
        for field, it in shown.items():
            if titles[field] == title:
                text = it["value"] if isinstance(it["value"], str) else json.dumps(it["value"])
                tell(f"{PREFIX}{field.upper()}={text}")


def _check(ctx: click.Context, as_json: bool) -> None:
    from doctor import settings  # clients of all servers, which the list above needs not
    from doctor.section import UNSEEN

    found = settings.everything()
    wrong = [problem for problem in found if problem.code != UNSEEN]
    if wrong:
        fail(ctx, found)
    if as_json:
        print_json({"problems": [problem.as_dict() for problem in found]})
        return
    for problem in found:
        tell(*(f"{problem.code} {text}" for text in problem.messages()), err=True)
    tell("Cấu hình đúng — the settings are right")
