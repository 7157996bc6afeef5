"""The push service: what a school's push waits for its 202, a large push over HTTP beside the same file over
Kafka and beside one record a POST, and what many senders at once wait for.

``python -m bench.gateway`` runs it on a stack of its own, on which nobody reads what is sent: of a push's way
this is the part until the broker has it.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
import httpx

from access.credentials import keyring, store
from access.credentials.store import New
from access.credentials.worth import Kind
from access.grant_acts import grant
from bench import figures, ours
from bench.running import say
from deploy.local import stack as local
from deploy.local.layout import Stack
from producers import files
from producers.client import PushClient
from producers.model import Target
from producers.synthetic import packet_file, province, school
from producers.synthetic.province import SchoolPlan
from producers.synthetic.shape import department
from producers.synthetic.write import EVERYTHING, write_register
from runtime import postgres
from runtime.accounts import SETUP
from runtime.settings import Settings
from streams.grants.commands import Act
from streams.grants.machine import MACHINE
from streams.machines.commands_client import CommandsClient

SEED: Final = 3
YEAR: Final = 2019
KIND: Final = 1
PUPILS: Final = 230
LARGE: Final = 3_000
"""Pupils of the largest schools."""
PROCESSES: Final = ("organisation", "grants", "gateway")
PAUSE_S: Final = 0.1
UNCOUNTED: Final = 10
TURNS: Final = 5
"""The lanes of a large push take turns so often; of each the median counts."""
HANDS: Final = 8


@dataclass(frozen=True)
class Sender:
    """A school's key at the push service, and its file."""

    plan: SchoolPlan
    secret: str
    url: str
    client: httpx.Client

    def push(self, body: bytes) -> None:
        """Until its 202. Raises RuntimeError."""
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        answer = self.client.post(f"{self.url}/v1/pushes", content=body, headers=headers)
        if answer.status_code != 202:
            raise RuntimeError(f"{answer.status_code}: {answer.text[:300]}")

    def file(self, pupils: int) -> bytes:
        """Its packet with so many pupils."""
        return packet(self.plan, pupils)


def packet(plan: SchoolPlan, pupils: int) -> bytes:
    """A packet of a school with so many pupils, all else as it is; of one alone nothing else."""
    made = school.make(replace(plan, pupils=pupils), SEED, YEAR)
    return packet_file.packet(made, EVERYTHING if pupils > 1 else ("HocSinh",), KIND)


@contextmanager
def service(port_base: int, schools: int) -> Iterator[tuple[Settings, list[Sender]]]:
    """A stack with the push service, and so many schools with a key each."""
    plans = [replace(p, vendor=ours.VENDOR, pupils=PUPILS) for p in province.plan(SEED)[:schools]]
    unbounded = {"CSDL_PUSH_RECORDS_PER_MINUTE": str(10**9), "CSDL_PUSH_MOST_WAITING": str(10**9)}
    with TemporaryDirectory(prefix="csdl-bench-") as folder:
        stack = Stack(Path(folder), port_base, asked=unbounded)
        write_register(stack.settings().register_file, plans)
        local.up(stack, processes=PROCESSES)
        try:
            settings = stack.settings().acting_as(SETUP)
            allowed = [
                grant(Act.ALLOW, ours.VENDOR, p.code, unit=department(), account="bench") for p in plans
            ]
            with CommandsClient(MACHINE, settings) as asking:
                ours.refuse_refusals(asking.send_many(allowed))
            url = settings.gateway
            with httpx.Client(trust_env=False, timeout=60.0) as client:
                yield settings, [Sender(p, key(settings, p.code), url, client) for p in plans]
        finally:
            local.down(stack, delete=False)


def key(settings: Settings, code: str) -> str:
    """A key of a school, as its link would show it."""
    keys = keyring.of(settings)
    with closing(postgres.connect(settings, "bench")) as conn, conn, conn.cursor() as cur:
        new = New(ours.VENDOR, code, Kind.API, False, f"bench-{secrets.token_hex(4)}", (), "bench")
        made = store.make(cur, new)
        secret = keyring.secret(Kind.API, made.handle)
        store.issue(cur, made, keys.mac(secret), None)
    return secret


def alone(sender: Sender, number: int) -> list[float]:
    """Milliseconds of so many pushes of a school, one after the other, sorted."""
    say("a school's push")
    body = sender.file(PUPILS)
    took = []
    for _ in range(UNCOUNTED + number):
        time.sleep(PAUSE_S)
        took.append(1000 * seconds(lambda: sender.push(body)))
    return sorted(took[UNCOUNTED:])


def large(settings: Settings, sender: Sender, pupils: int, singles: int) -> dict[str, Any]:
    """Records a second of the same file over HTTP and over Kafka, and of one record a POST; ratios."""
    say("a large push")
    body, single = sender.file(pupils), sender.file(1)
    target = Target(ours.VENDOR, sender.plan.code, YEAR, str(KIND))
    records = sum(t.count for t in files.read_contents([("packet.json", body)], target).tables)
    took: dict[str, list[float]] = {"http": [], "kafka": []}
    with PushClient(settings, ours.VENDOR) as client:

        def over_kafka() -> None:
            tables = files.read_contents([("packet.json", body)], target).tables
            client.push(target.school, target.year, target.kind, tables)

        lanes: dict[str, Callable[[], None]] = {"http": lambda: sender.push(body), "kafka": over_kafka}
        for turn in range(1 + TURNS):
            for name, lane in lanes.items():
                spent = seconds(lane)
                if turn:
                    took[name].append(spent)
    one_by_one = [seconds(lambda: sender.push(single)) for _ in range(singles)]
    rate = {name: records / median(found) for name, found in took.items()}
    rate["one_a_post"] = singles / sum(one_by_one)
    return {
        "records": records,
        "records_per_s": {name: round(found) for name, found in rate.items()},
        "http_to_kafka": round(rate["http"] / rate["kafka"], 2),
        "http_to_one_a_post": round(rate["http"] / rate["one_a_post"], 1),
    }


def together(senders: Sequence[Sender], number: int) -> dict[str, Any]:
    """So many pushes of a school by HANDS senders at once: what each waits for, and how many a second."""
    say("many senders")
    bodies = [sender.file(PUPILS) for sender in senders]
    with ThreadPoolExecutor(HANDS) as hands:

        def one(n: int) -> float:
            at = n % len(senders)
            return 1000 * seconds(lambda: senders[at].push(bodies[at]))

        list(hands.map(one, range(HANDS)))
        began = time.perf_counter()
        took = sorted(hands.map(one, range(number)))
        spent = time.perf_counter() - began
    return {"senders": HANDS, "pushes_per_s": round(number / spent, 1), **figures.percentiles(took)}


def seconds(act: Callable[[], object]) -> float:
    """That it takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def figures_of(port_base: int, number: int, pupils: int) -> dict[str, Any]:
    """All of the section."""
    say("the push service")
    with service(port_base, HANDS) as (settings, senders):
        return {
            "pupils": PUPILS,
            "to_202": figures.percentiles(alone(senders[0], number)),
            "large": large(settings, senders[1], pupils, number),
            "together": together(senders, 4 * number),
        }


@click.command()
@click.option("--pushes", default=100, show_default=True, help="Of a school, one after the other.")
@click.option("--pupils", default=LARGE, show_default=True, help="Of the large push.")
@click.option("--port-base", default=21_490, show_default=True)
def main(pushes: int, pupils: int, port_base: int) -> None:
    """Waits, rates and ratios of the push service."""
    click.echo(json.dumps(figures_of(port_base, pushes, pupils), indent=2))


if __name__ == "__main__":
    main()
