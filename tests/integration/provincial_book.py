"""A provincial database to push to and look into, without the processes around it."""

from datetime import UTC, datetime
from itertools import count

from schemas.encoding import codec
from sinks.provincial.load.batch import settle
from sinks.provincial.load.messages import arrivals
from sinks.provincial.records import read
from tests.pushed import SCHOOL, pupil

DATASET = f"{SCHOOL}.2019.start"
NOW = datetime(2019, 9, 16, 9, tzinfo=UTC)
PUPILS = [pupil(1), pupil(2), pupil(3)]


class Book:
    """A database to push to and look into."""

    def __init__(self, conn):
        self.conn = conn
        self._offsets = count()

    def arrive(self, *messages, at=NOW, offsets=None):
        """One batch, one transaction. Each message was sent anew, unless ``offsets`` say otherwise."""
        with self.conn, self.conn.cursor() as cur:
            batch, codes = arrivals(
                [(m, at, o) for m, o in zip(messages, offsets or self._offsets, strict=False)]
            )
            return settle(cur, batch, at), codes

    def ask(self, query, *params):
        with self.conn, self.conn.cursor() as cur:
            cur.execute(query, params)
            return cur.fetchall()

    def push(self, push_id="p1"):
        """(outcome, code, version, received, accepted, refused)."""
        found = self.ask(
            "SELECT outcome, code, version, received, accepted, refused FROM push WHERE push_id = %s", push_id
        )
        return found[0] if found else None

    def version(self, number, record_type="HocSinh"):
        """The version's records without what they leave empty, by ClientId."""
        with self.conn, self.conn.cursor() as cur:
            frame = read.records(record_type, read.version(cur, DATASET, number)[record_type])
        rows = ({k: v for k, v in row.items() if v is not None} for row in frame.to_dicts())
        return sorted(rows, key=lambda row: row["ClientId"])

    def answers(self):
        """(push id, outcome, code) as told to vendors, in order."""
        events = [codec.decode(bytes(v))[1] for (v,) in self.ask("SELECT value FROM outbox ORDER BY id")]
        return [(e["PushId"], e["Outcome"], e["Code"]) for e in events]
