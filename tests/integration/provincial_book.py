"""A provincial database to push to and look into, without the processes around it."""

from datetime import UTC, datetime
from itertools import count

from schemas.encoding import codec
from schemas.topics import PUSH_ANSWERS
from sinks.provincial.load.batch import settle
from sinks.provincial.load.messages import Verdict, arrivals
from sinks.provincial.load.pushes import LIMITS
from sinks.provincial.records import read, secret
from tests.pushed import SCHOOL, pupil

DATASET = f"{SCHOOL}.2019.start"
NOW = datetime(2019, 9, 16, 9, tzinfo=UTC)
PUPILS = [pupil(1), pupil(2), pupil(3)]


class Book:
    """A database to push to and look into."""

    def __init__(self, conn, settings):
        self.conn = conn
        with conn, conn.cursor() as cur:
            self.mac = secret.opened(settings, cur)
        self._offsets = count()

    def arrive(self, *messages, **more):
        """One batch, one transaction. Each message was sent anew, unless ``offsets`` say otherwise; ``sent``:
        Kafka's time of the vendor's messages, one or one each; ``fault`` of their closing's header;
        ``limits`` of a push."""
        with self.conn, self.conn.cursor() as cur:
            return self.settle(cur, *messages, **more)

    def settle(
        self,
        cur,
        *messages,
        at=NOW,
        offsets=None,
        sent=None,
        acts=(),
        fault="",
        seen=None,
        limits=LIMITS,
        began=None,
    ):
        """The same in a transaction that the caller opened; ``seen``: keys that its process knows; ``began``:
        when the gateway began to receive it."""
        times = sent if isinstance(sent, list) else [sent or at] * len(messages)
        verdicts = [
            Verdict(m, at, o, t, fault, began)
            for m, o, t in zip(messages, offsets or self._offsets, times, strict=False)
        ]
        batch, codes = arrivals(verdicts)
        return settle(cur, batch, at, self.mac, acts, seen=seen, limits=limits), codes

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

    def rules_found(self, version, severity=None):
        """Rules of the findings that stand at a version."""
        found = self.ask(
            "SELECT rule, severity FROM finding "
            "WHERE since_version <= %s AND coalesce(until_version > %s, true)",
            version,
            version,
        )
        return {rule for rule, kind in found if severity in (None, kind)}

    def answers(self):
        """(push id, outcome, code) as told to vendors, in order."""
        return [(e["PushId"], e["Outcome"], e["Code"]) for e in self.told()]

    def told(self):
        """PushAnswered events in order."""
        found = self.ask("SELECT value FROM outbox WHERE topic = %s ORDER BY id", PUSH_ANSWERS)
        return [codec.decode(bytes(value))[1] for (value,) in found]
