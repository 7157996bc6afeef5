"""Tables go back for a release of before, as long as nothing that is newer is used."""

from contextlib import closing

import pytest

from runtime import postgres
from schemas.errors import ProblemList
from sinks.provincial import going_back, schema
from sinks.provincial.migrate import migrate

BEFORE = "0028"

CLOSED = "INSERT INTO school_year_closed (school_year, backup, account, reason) VALUES (2019, 'b', 'o', 'r')"


def test_what_is_used_keeps_the_revisions_and_nothing_is_changed(database):
    migrate(database)
    with closing(postgres.connect(database, "test")) as conn:
        with conn, conn.cursor() as cur:
            cur.execute(CLOSED)
        with pytest.raises(ProblemList) as refused:
            going_back.back(database, BEFORE)
        [problem] = refused.value.problems
        assert (problem.code, problem.params["used"]) == ("SRV-012", "0029")
        assert schema.look(conn).found == schema.expected()
        with conn, conn.cursor() as cur:
            cur.execute("DELETE FROM school_year_closed")
        going_back.back(database, BEFORE)
        assert schema.look(conn).found == BEFORE
        migrate(database)
        assert schema.look(conn).found == schema.expected()
