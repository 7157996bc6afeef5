"""Who did what to a school's data, from every machine's events and the database."""

from contextlib import closing
from datetime import timedelta

from access import audit
from access.audit import AuditEvent, Kind
from runtime import kafka, postgres
from schemas.encoding import codec
from schemas.topics import CONFIRMATION_EVENTS, CONFIRMATION_REFUSALS, GRANTS_EVENTS
from tests.chained import AT, chain_of, sealed
from tests.integration.command_line import csdl
from tests.support import ANSWER_S

A, B = "19164999.2019.start", "19164998.2019.start"
ROAD = chain_of("opened", "version_checked", "submitted", "claimed", "confirmed")
OTHER = chain_of("opened", "version_checked", DatasetId=B, MaTruongHoc="19164998")


def write(settings, *records):
    with closing(kafka.producer(settings)) as producer:
        for record in records:
            key = record["MaTruongHoc"].encode()
            producer.send(CONFIRMATION_EVENTS, codec.encode("ConfirmationEvent", record), key=key)
        producer.flush()


def test_who_did_what_to_a_school_is_told_in_the_order_of_time(settings, conn):
    """From three machines' worth of topics and three tables; another school's acts are not in it."""
    granted = {
        "EventId": "g", "CommandId": "g", "Vendor": "smas", "MaTruongHoc": "19164999", "Sequence": 1,
        "PreviousHash": "", "Event": "allowed", "State": "allowed", "At": AT - timedelta(days=9),
        "Unit": "19", "Role": "department_officer", "Account": "", "ReasonCode": "", "ReasonText": "",
        "CommandTopic": "", "CommandOffset": -1, "Rights": [],
    }  # fmt: skip
    granted = sealed(granted, "GrantEvent")
    refused = {
        "CommandId": "c", "Subject": A, "MaTruongHoc": "19164999", "Command": "confirm", "Code": "CONF-UNIT",
        "At": AT + timedelta(hours=1), "Unit": "165", "Role": "district_officer", "State": "claimed",
        "Version": 1, "Digest": "", "CommandTopic": "", "CommandOffset": -1, "Sequence": 3,
    }  # fmt: skip
    with closing(kafka.producer(settings)) as producer:
        for topic, contract, record in (
            (GRANTS_EVENTS, "GrantEvent", granted),
            (CONFIRMATION_REFUSALS, "CommandRefused", refused),
        ):
            producer.send(topic, codec.encode(contract, record), key=b"19164999").get(ANSWER_S)
    with closing(postgres.connect(settings)) as own:
        audit.record(own, [AuditEvent(Kind.REFUSED, account="A7", act="claim", subject=A, code="ACC-035")])
    write(settings, *ROAD, *OTHER)
    with conn, conn.cursor() as cur:
        for n, school in ((0, "19164999"), (1, "19164999"), (2, "19164999"), (3, "19164998")):
            cur.execute(
                "INSERT INTO push (vendor, push_id, dataset_id, kind, first_seen, opened_at, outcome, "
                "received) "
                "VALUES ('smas', %s, %s, '1', now(), %s, 'version', 7)",
                (f"p{n}", f"{school}.2019.start", AT - timedelta(days=8 - n)),
            )
        cur.execute(
            "INSERT INTO ministry_export (export_id, dataset_id, school, school_year, period, version, "
            "digest, state, records, opened_at, sent_at) "
            "VALUES ('e', %s, '19164999', 2019, 'start', 1, '', 'sent', "
            "'{\"HocSinh\": 3}', now(), %s)",
            (A, AT + timedelta(days=1)),
        )
    code, told = csdl(settings, "audit", "school", "19164999")
    assert (code, told["breaks"]) == (0, [])
    assert [(act["act"], act["unit"] or act["account"]) for act in told["acts"]] == [
        ("allowed", "19"),
        ("first_push", "smas"),
        ("last_push", "smas"),
        *((record["Event"], record["Unit"]) for record in ROAD),
        ("refused", "165"),
        ("exported", ""),
        ("refused", "A7"),
    ]
    assert told["acts"][0]["act_vi"] == "cấp quyền đẩy dữ liệu"
    write(settings, ROAD[1])
    assert csdl(settings, "audit", "school", "19164999")[0] == 1, "its chain is broken"
