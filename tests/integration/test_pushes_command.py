"""`csdl pushes` on what a province and a vendor who means harm have sent."""

import pytest
from click.testing import CliRunner

from cli.main import main
from tests.integration.command_line import csdl
from tests.support import environment

SCHOOLS = 760
EVIL = "[/x]\x1b[2J\u202e"


@pytest.fixture
def province(database, conn):
    with conn, conn.cursor() as cur:
        cur.execute(
            "INSERT INTO push (vendor, push_id, dataset_id, kind, first_seen, opened_at) "
            "SELECT 'smas', CASE n WHEN 1 THEN %s ELSE gen_random_uuid()::text END, "
            "'79' || lpad(n::text, 6, '0') || '.2019.start', '1', now(), now() FROM generate_series(1, %s) n",
            (EVIL, SCHOOLS),
        )
    return database


def printed(settings, *args, columns=140):
    env = environment(settings) | {"COLUMNS": str(columns)}
    result = CliRunner(env=env).invoke(main, args, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout.splitlines()


def test_a_provinces_pushes_are_all_there(province):
    """It stopped at 500, also as JSON."""
    code, listed = csdl(province, "pushes")
    assert (code, len(listed)) == (0, SCHOOLS)
    assert printed(province, "pushes")[-1].startswith(f"{SCHOOLS} dòng, tất cả")
    assert printed(province, "pushes", "--newest", "10")[-1].startswith(f"10 trong {SCHOOLS} dòng")
    assert len(csdl(province, "pushes", "--newest", "10")[1]) == 10


def test_an_id_that_is_markup_or_moves_the_cursor_breaks_nobodys_list(province):
    """It ended the command in a MarkupError, for all vendors."""
    lines = printed(province, "pushes")
    assert [line for line in lines if r"[/x]\x1b[2J\u202e" in line]
    assert not [line for line in lines if "\x1b" in line or "\u202e" in line]
    _, listed = csdl(province, "pushes")
    assert EVIL in {push["push_id"] for push in listed}


def test_every_id_is_whole_for_the_next_command(province):
    _, listed = csdl(province, "pushes")
    lines = printed(province, "pushes")
    ids = {push["push_id"] for push in listed} - {EVIL}
    assert {line.split()[0] for line in lines} >= ids
