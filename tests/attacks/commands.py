"""Attacks by who may write to a topic, or has stolen the credential of one who may."""

from collections.abc import Callable

from runtime import kafka
from schemas import topics as t
from schemas.encoding import codec
from streams.confirmation.machine import MACHINE
from streams.machines import topic_log
from tests.attacks.closed_stack import ClosedStack, act, checked, dataset
from tests.chained import chain_of
from tests.people import Person

RETURNED = {"reason_code": "DATA_WRONG", "reason": "Sai số liệu"}


def sent(stack: ClosedStack, school: str, name: str) -> tuple[bytes, bytes]:
    """(key, value) of a command that the access service wrote, byte for byte."""
    messages = topic_log.read(stack.settings, kafka.partitions(t.CONFIRMATION_COMMANDS))
    for message in messages:
        record = topic_log.record(message, "ConfirmationCommand")
        if record and (record["MaTruongHoc"], record["Command"]) == (school, name):
            return bytes(message.key), bytes(message.value)
    raise AssertionError(f"nobody asked {name} of {school}")


def _replayed(stack: ClosedStack, school: str, *names: str) -> None:
    """By the credential of the service that wrote them: refused, and nothing moves."""
    before = stands(stack, school)
    with stack.refused_by_the_machine("CONF-SEQUENCE", len(names), "164"):
        for name in names:
            stack.send(t.CONFIRMATION_COMMANDS, *sent(stack, school, name), principal="csdl-access")
    assert stands(stack, school) == before


def stands(stack: ClosedStack, school: str) -> list[tuple[str, int]]:
    """(state, sequence) of the school's dataset."""
    found = topic_log.read_states(MACHINE, stack.settings, school)
    return [(state.state, state.sequence) for state in found.values()]


def _confirmed(stack: ClosedStack) -> tuple[str, Person]:
    school, head = stack.opened()
    for what in ("claim", "confirm", "unconfirm"):
        assert act(stack.district, school, what) == ""
    return school, head


def a_command_replayed_byte_for_byte_after_unconfirm(stack: ClosedStack) -> None:
    school, _ = _confirmed(stack)
    _replayed(stack, school, "confirm")


def a_command_replayed_byte_for_byte_after_return(stack: ClosedStack) -> None:
    school, head = _confirmed(stack)
    assert act(stack.district, school, "return", **RETURNED) == ""
    assert act(head, school, "submit", reason="Đã rà soát") == ""
    assert act(stack.district, school, "claim") == ""
    _replayed(stack, school, "confirm", "return")


def the_role_of_the_check_claimed_on_the_topic_of_people(stack: ClosedStack) -> None:
    school, _ = stack.opened()
    before = stands(stack, school)
    with stack.refused_by_the_machine("CONF-WRITER", 1, "system"):
        stack.send(t.CONFIRMATION_COMMANDS, *checked(school), principal="csdl-access")
    assert stands(stack, school) == before


def an_event_forged_with_the_machines_own_credential(stack: ClosedStack) -> None:
    school, _ = stack.opened()
    of = {"DatasetId": dataset(school), "MaTruongHoc": school}
    forged = chain_of("opened", "version_checked", "submitted", "forwarded", **of)[-1]
    with stack.put_aside_by_the_reader(dataset(school)):
        value = codec.encode("ConfirmationEvent", forged)
        stack.send(t.CONFIRMATION_EVENTS, school.encode(), value, principal="csdl-confirmation")
    told = stack.rows("SELECT event FROM confirmation_event WHERE dataset_id = %s", dataset(school))
    assert ("forwarded",) not in told


ATTACKS: tuple[Callable[[ClosedStack], None], ...] = (
    a_command_replayed_byte_for_byte_after_unconfirm,
    a_command_replayed_byte_for_byte_after_return,
    the_role_of_the_check_claimed_on_the_topic_of_people,
    an_event_forged_with_the_machines_own_credential,
)
