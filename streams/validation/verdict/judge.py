"""The verdict on each message: its header, then its records, then what is sent on. Pure.

Every chunk gets a verdict, also one with nothing accepted: a version closes only when all have theirs. A
chunk (or its removals) with a wrong header is refused as a whole, under that one code.
"""

from collections.abc import Sequence
from typing import Any

from schemas.encoding import columnar
from streams.validation.verdict import sent_on
from streams.validation.verdict.header import RulesInForce, awaits_news, header_fault, removal_fault
from streams.validation.verdict.input_messages import WRONG_HEADER, InputMessage, Sorted
from streams.validation.verdict.records import refused_records, refused_removals, refused_whole
from streams.validation.verdict.sent_on import Verdict


def judge(found: Sorted, messages: Sequence[InputMessage], rules_in_force: RulesInForce) -> list[Verdict]:
    """The verdicts on all that was sorted out of ``messages``, but for the dead letters; in no order."""
    verdicts = []
    for i, event in found.closings:
        fault = header_fault(messages[i], event, rules_in_force)
        verdicts.append(sent_on.of_closing(messages[i], i, event, fault))
        vendor, school = messages[i].vendor, event["MaTruongHoc"]
        if fault is None and rules_in_force.awaits_first_push(vendor, school):
            verdicts[-1].first_push = sent_on.first_push(messages[i], event)
    for i, event in found.removals:
        fault = removal_fault(messages[i], event, rules_in_force)
        refused = refused_whole(fault, len(event["Removed"])) if fault else refused_removals(event)
        verdicts.append(sent_on.of_removal(messages[i], i, event, refused))
    for positions, batch in found.batches:
        faults = [_chunk_fault(batch, n, messages[i], rules_in_force) for n, i in enumerate(positions)]
        refused_of_each = refused_records(batch, faults, rules_in_force)
        verdicts += sent_on.of_chunks(batch, positions, messages, refused_of_each)
    return verdicts


def await_news(found: Sorted, messages: Sequence[InputMessage], rules_in_force: RulesInForce) -> set[int]:
    """Positions of those that would be refused for want of a grant or a school alone."""
    headers: list[tuple[int, dict[str, Any], str]] = [(i, event, "") for i, event in found.closings]
    for positions, batch in found.batches:
        headers += [(i, h, batch.record_type) for i, h in zip(positions, batch.headers, strict=True)]
    faults = [(i, header_fault(messages[i], header, rules_in_force, of)) for i, header, of in headers]
    faults += [(i, removal_fault(messages[i], event, rules_in_force)) for i, event in found.removals]
    return {i for i, fault in faults if awaits_news(fault)}


def _chunk_fault(
    batch: columnar.Batch, n: int, message: InputMessage, rules_in_force: RulesInForce
) -> str | None:
    header = batch.headers[n]
    fault = header_fault(message, header, rules_in_force, batch.record_type)
    return WRONG_HEADER if fault is None and len(header["Rows"]) != batch.lengths[n] else fault
