"""Each attack is refused, written down and counted: on one closed stack, whose processes run."""

from collections.abc import Iterator

import pytest

from tests import people as accounts
from tests.attacks import broker, commands, database, gateway, grants, kafka_users, keys, people, schools
from tests.attacks.closed_stack import ClosedStack
from tests.conftest import empty_topics, fresh_database
from tests.organisation import put_units
from tests.support import run_process

ATTACKS = tuple(
    attack
    for where in (people, commands, broker, database, grants, keys, gateway, kafka_users)
    for attack in where.ATTACKS
)


@pytest.fixture(scope="module")
def closed_stack(stack, local_stack, tmp_path_factory) -> Iterator[ClosedStack]:
    """One for all attacks: who needs a dataset opens a school's of its own."""
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "register.csv").write_text(schools.REGISTER, encoding="utf-8")
    empty_topics(stack)
    with fresh_database(stack, folder) as settings:
        own = {"register_file": folder / "register.csv", "watch_every_s": 0.5}
        port = accounts.free_port()
        own |= {"gateway_port": port, "gateway_url": f"http://127.0.0.1:{port}"}
        settings = put_units(settings.model_copy(update=own))
        with (
            run_process("confirmation", settings, wait=False) as confirmation,
            run_process("projection", settings, wait=False) as projection,
            run_process("watch", settings, wait=False) as watch,
            run_process("grants", settings, wait=False) as machine,
            run_process("validation", settings, wait=False) as validation,
            run_process("credentials", settings, wait=False) as credentials,
            run_process("gateway", settings, wait=False) as door,
            accounts.access_service(settings) as (served, access),
        ):
            started = (confirmation, projection, watch, machine, validation, credentials, door, access)
            processes = {p.name: p for p in started}
            for process in started:
                process.wait_until(process.is_ready)
            closed = ClosedStack(
                served,
                local_stack,
                processes,
                department=accounts.department(served),
                district=accounts.reviewer(served, schools.UNIT),
                stranger=accounts.reviewer(served, "165"),
                head=accounts.head(served, schools.OF_SMAS),
                schools=((code, accounts.head(served, code)) for code in schools.OPENED),
            )
            _let_push(closed)
            yield closed


def _let_push(stack: ClosedStack) -> None:
    """Two vendors for a school each; the product of smas has passed for production keys."""
    narrow = {"types": ["LopHoc"], "periods": ["start"], "reason": "Chỉ lớp học đầu năm"}
    with stack.department.access() as access:
        for vendor, school in (("smas", schools.OF_SMAS), ("vnedu", schools.OF_VNEDU)):
            assert access.grant("allow", vendor, school, {}).code == ""
        assert access.grant("amend", "smas", schools.OF_SMAS, narrow).code == ""
    stack.execute(
        "INSERT INTO conformity (vendor, product_version, school, begun_by, passed_at)"
        " VALUES ('smas', '5.1', %s, 'A1', now())",
        schools.OF_SMAS,
    )


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_is_refused_recorded_and_counted(closed_stack, attack):
    attack(closed_stack)


def test_the_list_is_whole():
    assert len({attack.__name__ for attack in ATTACKS}) == len(ATTACKS) >= 25
