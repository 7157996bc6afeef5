"""Each attack is refused, written down and counted: on one closed stack, whose processes run."""

from collections.abc import Iterator

import pytest

from tests import people as accounts
from tests.attacks import broker, commands, database, people
from tests.attacks.closed_stack import ClosedStack
from tests.conftest import empty_topics, fresh_database
from tests.organisation import put_units
from tests.support import run_process

ATTACKS = (*people.ATTACKS, *commands.ATTACKS, *broker.ATTACKS, *database.ATTACKS)

SCHOOLS = [f"1916{n}" for n in range(4101, 4116)]
REGISTER = "code,name,level,district,managing_unit,valid_from,valid_to,active\n" + "".join(
    f"{code},Trường {code},primary,164,164,2010-01-01,,1\n" for code in SCHOOLS
)


@pytest.fixture(scope="module")
def closed_stack(stack, local_stack, tmp_path_factory) -> Iterator[ClosedStack]:
    """One for all attacks: who needs a dataset opens a school's of its own."""
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "register.csv").write_text(REGISTER, encoding="utf-8")
    empty_topics(stack)
    with fresh_database(stack, folder) as settings:
        own = {"register_file": folder / "register.csv", "watch_every_s": 0.5}
        settings = put_units(settings.model_copy(update=own))
        with (
            run_process("confirmation", settings, wait=False) as confirmation,
            run_process("projection", settings, wait=False) as projection,
            run_process("watch", settings, wait=False) as watch,
            accounts.access_service(settings) as (served, access),
        ):
            processes = {p.name: p for p in (confirmation, projection, watch, access)}
            for process in processes.values():
                process.wait_until(process.is_ready)
            yield ClosedStack(
                served,
                local_stack,
                processes,
                department=accounts.department(served),
                district=accounts.reviewer(served, "164"),
                stranger=accounts.reviewer(served, "165"),
                schools=((code, accounts.head(served, code)) for code in SCHOOLS),
            )


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_is_refused_recorded_and_counted(closed_stack, attack):
    attack(closed_stack)


def test_the_list_is_whole():
    assert len({attack.__name__ for attack in ATTACKS}) == len(ATTACKS) >= 25
