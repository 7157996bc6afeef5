"""The command line as a vendor's script calls it, on a stack's settings."""

import json
from typing import Any

from click.testing import CliRunner

from cli.main import main
from runtime.settings import Settings
from tests.accounts import as_operator
from tests.support import environment, wait_until


def csdl(settings: Settings, *args: str, stdin: str | None = None) -> tuple[int, Any]:
    """(exit code, JSON printed)."""
    of = settings if args[0] == "setup" else as_operator(settings)
    result = CliRunner(env=environment(of)).invoke(main, [*args, "--json"], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout) if result.stdout else None


def answer(settings: Settings, push_id: str) -> Any:
    """What `push-status` says once the push has an outcome."""

    def said() -> Any:
        code, told = csdl(settings, "push-status", push_id)
        return told if code == 0 and told["pushes"][0]["outcome"] != "open" else None

    return wait_until(said)
