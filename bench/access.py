"""``python -m bench.access``: acts through the access service, so many a second: what people wait for."""

import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Final

import click

from access.accounts import office
from access.accounts.account import Role
from access.accounts.store import New
from access.client import AccessClient
from bench import figures, ours
from bench.records import PUPILS_A_SCHOOL, schools
from bench.running import Running, running, say
from producers.synthetic.shape import department
from streams.grants.commands import Act

RATE: Final = 50
"""Acts a second: a province of 760 schools submits in a quarter of a minute."""

HANDS: Final = 16
UNCOUNTED: Final = 100


def acts_ms(it: Running, number: int) -> list[float]:
    """Milliseconds from the moment an act was due to its answer, sorted: so many that count, at RATE.

    The vendor's grant is taken from a school each: proved, on record, sent, decided, answered, on record.
    So it is the last lane of all.
    """
    say("acts through the access service")
    it.start("access")
    name, password = f"bench-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    new = New(name, name, department(), frozenset({Role.DEPARTMENT_OFFICER}), date(2019, 1, 1))
    office.create(it.settings, new, password)
    with AccessClient(it.settings.access) as door:
        secret = door.call("POST", "/v1/login", {"account": name, "password": password})["secret"]
    codes = schools((UNCOUNTED + number) * PUPILS_A_SCHOOL)
    with AccessClient(it.settings.access, secret) as client, ThreadPoolExecutor(HANDS) as hands:
        begin = time.perf_counter()

        def one(n: int) -> float:
            due = begin + n / RATE
            time.sleep(max(due - time.perf_counter(), 0))
            if code := client.grant(Act.REVOKE, ours.VENDOR, codes[n], {"sequence": 1}).code:
                raise RuntimeError(f"an act is refused: {code}")
            return 1000 * (time.perf_counter() - due)

        took = list(hands.map(one, range(UNCOUNTED + number)))
    it.stop("access")
    return sorted(took[UNCOUNTED:])


@click.command()
@click.option("--acts", default=1000, show_default=True, help="Acts that count.")
@click.option("--port-base", default=21_090, show_default=True)
def main(acts: int, port_base: int) -> None:
    """This alone, on a stack of its own."""
    with running(port_base, (UNCOUNTED + acts) * PUPILS_A_SCHOOL) as it:
        click.echo(json.dumps({"acts_per_s": RATE, **figures.percentiles(acts_ms(it, acts))}))


if __name__ == "__main__":
    main()
