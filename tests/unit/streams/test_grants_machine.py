"""Who may give and take a vendor's right to push for a school."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from schemas.errors import catalogue
from streams.grants.commands import Command
from streams.grants.events import Event
from streams.grants.machine import decide, evolve, initial
from streams.machines import chain, wire
from streams.machines.refusal import Refusal

NOW = datetime(2020, 3, 1, tzinfo=UTC)
ALLOW = Command(str(UUID(int=1)), "smas", "19164999", "allow", NOW, "19", "department_officer")
REVOKE = replace(ALLOW, command_id=str(UUID(int=2)), command="revoke")


def told(*commands):
    state = initial(commands[0])
    events: list[Event] = []
    for command in commands:
        outcome = decide(state, command)
        if isinstance(outcome, Refusal):
            return outcome.code, state, events
        for event in outcome:
            state = evolve(state, event)
            events.append(event)
    return "", state, events


def test_a_grant_is_allowed_revoked_and_allowed_again():
    code, state, events = told(ALLOW, REVOKE, replace(ALLOW, command_id=str(UUID(int=3))))
    assert (code, state.state) == ("", "allowed")
    assert [e.event for e in events] == ["allowed", "revoked", "allowed"]
    assert chain.breaks(state.grant_id, [wire.to_record(e) for e in events]) == []


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        ((ALLOW, ALLOW), "GRANT-ALREADY"),
        ((ALLOW, REVOKE, REVOKE), "GRANT-ALREADY"),
        ((REVOKE,), "GRANT-ABSENT"),
        ((replace(ALLOW, unit="164"),), "GRANT-ROLE"),
        ((replace(ALLOW, role="district_officer"),), "GRANT-ROLE"),
        ((replace(ALLOW, command="lend"),), "GRANT-UNKNOWN"),
    ],
)
def test_a_refusal_has_a_code_with_both_messages(commands, code):
    assert told(*commands)[0] == code
    assert all(catalogue()[code])


def test_the_same_commands_give_the_same_events():
    assert told(ALLOW, REVOKE) == told(ALLOW, REVOKE)
