"""What lies in a stack's folder is closed, without following links; secrets are made once, whole."""

import base64
import stat
from pathlib import Path

from psycopg2.extensions import parse_dsn

from deploy import accounts
from deploy.local import private, secrets, server_account
from runtime.settings import Settings


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_what_an_earlier_release_left_open_is_closed_and_nothing_beyond_a_link(tmp_path):
    ours, others = tmp_path / "ours", tmp_path / "others"
    for folder in (ours / "kafka" / "log", others):
        folder.mkdir(parents=True)
    program, segment, elsewhere = ours / "run", ours / "kafka" / "log" / "00.log", others / "file"
    for path, was in ((program, 0o755), (segment, 0o644), (elsewhere, 0o644)):
        path.touch()
        path.chmod(was)
    (ours / "link").symlink_to(others)
    others.chmod(0o755)
    private.close(ours)
    assert [mode(p) for p in (ours, ours / "kafka", program, segment)] == [0o700, 0o700, 0o700, 0o600]
    assert (mode(others), mode(elsewhere)) == (0o755, 0o644)
    with private.only_ours():
        (ours / "new").touch()
    assert mode(ours / "new") == 0o600


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "secrets" / "postgres" / "csdl-load"
    first = secrets.kept(path)
    assert secrets.kept(path) == first == path.read_text()
    assert secrets.kept(path.with_name("csdl-check")) != first
    assert [mode(p) for p in (path, path.parent, path.parent.parent)] == [0o600, 0o700, 0o700]


def test_a_verifier_is_that_of_the_standard():
    """RFC 7677's exchange: user, password "pencil", its salt and 4096 rounds."""
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    assert accounts.verifier("pencil", salt) == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_no_password_is_in_a_statement_and_a_new_one_is_noticed():
    made_with = {"csdl-load": "a password", "csdl-setup": "another"}
    assert not [line for line in accounts.of_server(made_with) if "password" in line or "another" in line]
    assert accounts.mark(made_with) == accounts.mark(dict(made_with))
    assert accounts.mark(made_with) != accounts.mark(made_with | {"csdl-load": "new"})
    assert accounts.mark(made_with) != accounts.mark({"csdl-load": "a password"})


def test_who_acts_is_named_where_the_url_names_nobody(tmp_path):
    bare = "postgresql://127.0.0.1:5/csdl?require_auth=scram-sha-256"
    folder = tmp_path / "a b;#'%"
    settings = Settings(database_url=bare, secrets_dir=folder)
    assert settings.database.startswith("postgresql://csdl-operator@127.0.0.1:5/csdl?require_auth=")
    acting = settings.acting_as("csdl-load")
    said = parse_dsn(acting.database)
    assert (said["user"], said["passfile"]) == ("csdl-load", str(folder / "postgres" / "csdl-load"))
    assert acting.acting_as("csdl-check").database == acting.database
    own = "postgresql://me:secret@h/csdl"
    assert Settings(database_url=own).acting_as("csdl-load").database == own


def test_programs_that_others_cannot_reach_are_copied_for_the_servers_account(tmp_path, monkeypatch):
    """As where everything lies under /root."""
    monkeypatch.setattr(server_account, "COPIES", tmp_path / "copies")
    assert server_account._within_reach(Path("/bin/sh")) == Path("/bin/sh")
    program = tmp_path / "closed" / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    (program.parent.parent / "share").mkdir()
    library = program.parent.parent / "share" / "zone"
    for path, was in ((program, 0o700), (library, 0o600), (tmp_path / "closed", 0o700)):
        if not path.exists():
            path.write_text(path.name)
        path.chmod(was)
    copy = server_account._within_reach(program)
    assert copy.read_text() == "postgres" and copy.is_relative_to(tmp_path / "copies")
    assert (mode(copy), mode(copy.parent.parent / "share" / "zone")) == (0o755, 0o644)
    assert {mode(p) for p in (copy.parent, copy.parent.parent, copy.parents[2])} == {0o755}
    assert server_account._within_reach(program) == copy
