"""What people ask of the two machines: by whom, of what, with an id of its own."""

import pytest

from access import confirmation_acts
from access import grant_acts as ask_for_grants
from streams.confirmation.commands import Act
from streams.grants.commands import Act as GrantAct

SCHOOL = "19164101"
ROUTE = ("164", "19")
DATASET = f"{SCHOOL}.2019.start"


@pytest.mark.parametrize(
    ("unit", "role"),
    [
        (SCHOOL, "school_head"),
        ("164", "district_officer"),
        ("19", "department_officer"),
        ("ministry", "ministry_adapter"),
    ],
)
def test_a_unit_acts_in_its_own_role_unless_it_says_another(unit, role):
    asked = confirmation_acts.act(
        DATASET, Act.CLAIM, unit, version=2, digest="d", sequence=5, account="cli", route=ROUTE
    )
    assert (asked.role, asked.unit, asked.version, asked.digest, asked.sequence) == (role, unit, 2, "d", 5)
    asked = confirmation_acts.act(DATASET, Act.CLAIM, unit, sequence=5, account="cli", role="system")
    assert asked.role == "system"


def test_the_department_opens_a_dataset_with_its_route():
    asked = confirmation_acts.opening(DATASET, ["164", "19"], account="cli")
    assert (asked.ma_truong_hoc, asked.nam_hoc, asked.period) == (SCHOOL, 2019, "start")
    assert (asked.unit, asked.role, asked.route) == ("19", "department_officer", ("164", "19"))


def test_the_department_grants_and_each_command_has_an_id_of_its_own():
    one, other = (
        ask_for_grants.grant(GrantAct.ALLOW, "smas", SCHOOL, unit="19", account="cli") for _ in range(2)
    )
    assert (one.unit, one.role, one.grant_id) == ("19", "department_officer", f"smas/{SCHOOL}")
    assert one.command_id != other.command_id
