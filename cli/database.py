"""`csdl database`: what a superuser of PostgreSQL does for the pipeline, once and after an update."""

import click

from cli.answers import document, tell
from deploy import accounts as of_postgres
from runtime import database_settings
from runtime.accounts import SETUP
from runtime.settings import Settings


@click.group()
def database() -> None:
    """PostgreSQL — the accounts of the pipeline at a PostgreSQL server that is not this machine's stack."""


@database.command()
@click.option("--apply", is_flag=True, help="Do it, by the superuser whom CSDL_DATABASE_URL names.")
def accounts(apply: bool) -> None:
    """Tài khoản — print the SQL that makes the accounts, for psql; no password stands in it.

    The passwords are made where they are missing: in CSDL_SECRETS_DIR/postgres, a file an account.
    """
    settings = Settings()
    if apply:
        of_postgres.apply(settings)
        tell("Đã có đủ tài khoản — the accounts are there")
    else:
        document(of_postgres.script(settings))


@database.command()
@click.option(
    "--memory-mb",
    type=click.IntRange(min=512),
    default=database_settings.MEMORY_MB,
    show_default=True,
    help="What PostgreSQL may use of the machine's memory, in MiB.",
)
def settings(memory_mb: int) -> None:
    """Cấu hình — print what PostgreSQL must be set to, for a file in its conf.d.

    Nothing of a row may reach its log, nothing that was committed may be lost.
    """
    document(database_settings.document(memory_mb))


@database.command()
@click.argument("revision")
def back(revision: str) -> None:
    """Lùi bảng — undo the revisions beyond REVISION, for a release that does not know them.

    Only while nothing that they brought is used (SRV-012). By setup's account; csdl server use does it.
    """
    from sinks.provincial import going_back

    going_back.back(Settings().acting_as(SETUP), revision)
    tell(f"{revision}")
