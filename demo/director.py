"""Directs the stories: pushes what each needs, and writes the officers' scripts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from access.accounts.account import Role
from demo.cast import Cast
from demo.office import Step, act, usual_act
from demo.sending import START, Sent, Vendors
from demo.staff import Asked, Staff
from demo.workshop import Made
from producers.synthetic import scenarios
from producers.synthetic.province import SchoolPlan
from producers.synthetic.scenarios import Variant
from producers.synthetic.school import SchoolRecords
from producers.synthetic.write import files
from schemas.datasets import dataset_id
from streams.confirmation.commands import Act
from streams.confirmation.state import Stage, State

OTHER: Final = {"smas": "vnedu", "vnedu": "smas"}
LEFT: Final = "Đã chuyển đi nơi khác theo gia đình"
RETURNED_FOR: Final = "Địa chỉ của học sinh đầu danh sách chưa đúng, đề nghị nhà trường kiểm tra và sửa"

Make = Callable[[SchoolPlan], SchoolRecords]


class Director:
    """``sent`` and ``variants`` keep, by story, what was pushed and what it was made of; ``removed`` is what
    a school was told when it removed who had left."""

    def __init__(self, cast: Cast, make: Make, vendors: Vendors, staff: Staff) -> None:
        self.cast = cast
        self.sent: dict[str, Sent] = {}
        self.variants: dict[str, Variant] = {}
        self.removed: dict[str, Any] = {}
        self._make, self._vendors, self._staff = make, vendors, staff

    def first_push(self, school: SchoolPlan, made: Made) -> Sent:
        """A school's first push: its clean files, or what its part asks for."""
        cast, records = self.cast, made.records
        if school in (cast.bad_packet, cast.bad_list):
            name = "bad_packet" if school == cast.bad_packet else "bad_list"
            return self._send(name, school, scenarios.bad_records(records))
        if school == cast.repeated_id:
            return self._send("repeated_id", school, scenarios.duplicate_client_id(records))
        return self._vendors.push(school, made.contents)

    def incidents(self, first: Mapping[str, Sent]) -> None:
        """What else arrives: another vendor, bytes, repetitions. ``first``: school code → its first push."""
        cast = self.cast
        stranger = replace(cast.not_granted, vendor=OTHER[cast.not_granted.vendor])
        self._send("not_granted", stranger, Variant("not_granted", files(self._make(stranger))))
        for value in scenarios.UNDECODABLE:
            self._vendors.write_raw(cast.undecodable, value)
        self.sent["sent_twice"] = first[cast.sent_twice.code]
        self._vendors.push_again(first[cast.sent_twice.code], cast.sent_twice, "sent_twice", same_id=True)
        self.sent["sent_again"] = self._vendors.push_again(
            first[cast.sent_again.code], cast.sent_again, "sent_again", same_id=False
        )

    def scripts(self, year: int, another: Mapping[str, str]) -> dict[str, list[Step]]:
        """Dataset → the steps of its story. ``another``: a district → a district that it is not."""
        cast = self.cast
        scripts = {
            cast.bad_packet: [Step("bad_packet", _at(Stage.CHECKED), _submit_silently)],
            cast.bad_list: [
                Step("bad_list", _at(Stage.CHECKED), lambda s: self._correct("bad_list", clean=True)),
                Step("bad_list", _at(Stage.CHECKED, 2), _submit_silently),
            ],
            cast.recalled: [
                Step(
                    "off_route",
                    _at(Stage.SUBMITTED),
                    lambda s: act(s, Act.CLAIM, another[s.turn]),
                ),
                Step("recalled", _at(Stage.SUBMITTED), lambda s: act(s, Act.RECALL, s.ma_truong_hoc)),
            ],
            cast.returned: [
                Step("returned", _at(Stage.CLAIMED), self._return),
                Step("returned", _at(Stage.RETURNED), lambda s: self._correct("returned", clean=False)),
                Step("stale", _at(Stage.CLAIMED, 2), self._confirm_what_was_seen_first),
                Step("returned", _at(Stage.CLAIMED, 2), lambda s: act(s, Act.CONFIRM, s.turn)),
            ],
            cast.left: [
                Step("left", _at(Stage.CHECKED), lambda s: self._send_one_left()),
                Step("left", _at(Stage.CHECKED, 2), self._remove_who_left),
                Step("left", _at(Stage.CHECKED, 3), usual_act),
            ],
        }
        return {dataset_id(school.code, year, START): steps for school, steps in scripts.items()}

    def _send(self, story: str, school: SchoolPlan, variant: Variant) -> Sent:
        self.variants[story] = variant
        self.sent[story] = self._vendors.push(school, variant.contents, story)
        return self.sent[story]

    def _correct(self, story: str, *, clean: bool) -> None:
        school: SchoolPlan = getattr(self.cast, story)
        made = self._make(school)
        variant = Variant("clean", files(made)) if clean else scenarios.corrected(made)
        self._send(f"{story}_corrected", school, variant)

    def _send_one_left(self) -> None:
        school = self.cast.left
        self._send("left", school, scenarios.one_left(self._make(school)))

    def _remove_who_left(self, state: State) -> None:
        officer = self._staff.of(state.ma_truong_hoc, Role.SCHOOL_OFFICER)
        asked = {"record_type": "HocSinh", "version": state.version, "reason": LEFT}
        self.removed = officer.call("POST", f"/v1/datasets/{state.dataset_id}/removals", asked)

    def _return(self, state: State) -> Asked:
        self._seen_first = state
        return act(state, Act.RETURN, state.turn, reason_code="DATA_WRONG", reason=RETURNED_FOR)

    def _confirm_what_was_seen_first(self, state: State) -> Asked:
        return act(self._seen_first, Act.CONFIRM, state.turn)


def _at(stage: Stage, version: int = 1) -> Callable[[State], bool]:
    return lambda s: s.state is stage and s.version == version


def _submit_silently(state: State) -> Asked:
    return act(state, Act.SUBMIT, state.ma_truong_hoc)
