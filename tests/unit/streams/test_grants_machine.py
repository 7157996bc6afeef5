"""Who may give and take a vendor's right to push for a school."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from schemas.errors import catalogue
from streams.grants.commands import Command
from streams.grants.events import Event
from streams.grants.machine import MACHINE, evolve, initial
from streams.machines import chain, wire
from streams.machines.machine import CommandSource
from streams.machines.refusal import Refusal
from streams.machines.wire import replace

NOW = datetime(2020, 3, 1, tzinfo=UTC)
ALLOW = Command(str(UUID(int=1)), "smas", "19164999", "allow", NOW, "19", "department_officer", sequence=0)
REVOKE = replace(ALLOW, command_id=str(UUID(int=2)), command="revoke", sequence=1)
AGAIN = replace(ALLOW, command_id=str(UUID(int=3)), sequence=2)


def told(*commands):
    state = initial(commands[0])
    events: list[Event] = []
    for offset, command in enumerate(commands):
        outcome = MACHINE.answer(state, command, CommandSource("csdl.grants.commands.v1", offset, NOW))
        if isinstance(outcome, Refusal):
            return outcome.code, state, events
        for event in outcome:
            state = evolve(state, event)
            events.append(event)
    return "", state, events


def test_a_grant_is_allowed_revoked_and_allowed_again():
    code, state, events = told(ALLOW, REVOKE, AGAIN)
    assert (code, state.state) == ("", "allowed")
    assert [e.event for e in events] == ["allowed", "revoked", "allowed"]
    assert chain.breaks(state.grant_id, [wire.to_record(e) for e in events]) == []


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        ((ALLOW, ALLOW), "GRANT-ALREADY"),
        ((ALLOW, REVOKE, ALLOW), "GRANT-SEQUENCE"),
        ((replace(ALLOW, sequence=-1),), "GRANT-SEQUENCE"),
        ((replace(ALLOW, rights=("copy",)),), "GRANT-RIGHT"),
        ((ALLOW, REVOKE, REVOKE), "GRANT-ALREADY"),
        ((REVOKE,), "GRANT-ABSENT"),
        ((replace(ALLOW, unit=""),), "GRANT-ROLE"),
        ((replace(ALLOW, role="district_officer"),), "GRANT-ROLE"),
        ((replace(ALLOW, command="lend"),), "GRANT-UNKNOWN"),
    ],
)
def test_a_refusal_has_a_code_with_both_messages(commands, code):
    assert told(*commands)[0] == code
    assert all(catalogue()[code])


def test_the_same_commands_give_the_same_events():
    assert told(ALLOW, REVOKE) == told(ALLOW, REVOKE)


def test_the_bytes_of_an_earlier_grant_give_it_once():
    """After a revocation the same message would open the door again."""
    code, state, events = told(ALLOW, REVOKE, ALLOW)
    assert (code, state.state, len(events)) == ("GRANT-SEQUENCE", "revoked", 2)


def test_a_grant_is_allowed_again_only_with_other_rights():
    removing = replace(ALLOW, sequence=1, rights=("remove", "remove"))
    code, state, events = told(ALLOW, removing)
    assert (code, state.rights, [e.rights for e in events]) == ("", ("remove",), [(), ("remove",)])
    assert told(ALLOW, removing, replace(removing, sequence=2))[0] == "GRANT-ALREADY"
    assert told(ALLOW, removing, replace(ALLOW, sequence=2))[1].rights == ()
    assert told(ALLOW, removing, replace(REVOKE, sequence=2))[1].rights == ()
