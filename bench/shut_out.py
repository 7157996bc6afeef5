"""``python -m bench.shut_out [--times N] [--json FILE]``: how soon a vendor that may push no more is refused.

A producer on an open connection sends every 50 ms; somebody acts. From the access service's answer to the
first message that is refused, and for an API key to the first proof that is.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import click
from kafka.errors import KafkaError

from access.accounts import office
from access.accounts.account import Role
from access.accounts.store import New
from access.client import AccessClient
from bench import figures, ours
from bench.records import PUPILS_A_SCHOOL, schools
from bench.running import Running, running, say
from producers.synthetic.shape import department
from runtime import broker_probe, kafka
from runtime.settings import Settings
from schemas.errors import ProblemList
from schemas.topics import in_topic

EVERY_S: Final = 0.05
GIVEN_UP_S: Final = 60.0
VERSION: Final = "5.1"

Ask = Callable[[AccessClient, "Made"], Any]


@dataclass(frozen=True)
class Made:
    """A credential of a school's grant, and its secret."""

    number: int
    school: str
    user: str
    secret: str


def _of_credential(act: str, **body: Any) -> Ask:
    return lambda client, made: client.call("POST", f"/v1/credentials/{made.number}/{act}", body)


def _of_grant(act: str) -> Ask:
    return lambda client, made: _done(client.grant(act, ours.VENDOR, made.school, {"reason": "bench"}).code)


def _of_vendor(act: str, version: str = "") -> Ask:
    body = {"product_version": version, "reason": "bench"}
    return lambda client, _: _done(client.act(f"/v1/vendors/{ours.VENDOR}/{act}", body).code)


ACTS: Final[dict[str, tuple[Ask, Ask | None]]] = {
    "revoke": (_of_credential("revoke"), None),
    "deactivate": (_of_credential("deactivate"), None),
    "rotation's end": (_of_credential("rotate", overlap_hours=0), None),
    "suspend the grant": (_of_grant("suspend"), _of_grant("resume")),
    "suspend the version": (_of_vendor("suspend", VERSION), _of_vendor("resume", VERSION)),
    "suspend the vendor": (_of_vendor("suspend"), _of_vendor("resume")),
    "revoke the grant": (_of_grant("revoke"), _of_grant("allow")),
}
"""What stops, and what takes it up again for the next time."""


class Bench:
    """A stack whose access service and ``credentials`` run, and the department's officer."""

    def __init__(self, it: Running, codes: list[str]) -> None:
        self._it, self._codes, self._names = it, iter(codes), iter(range(10**6))
        it.start("access", "credentials")
        name, password = f"bench-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
        new = New(name, name, department(), frozenset({Role.DEPARTMENT_OFFICER}), date(2019, 1, 1))
        office.create(it.settings, new, password)
        with AccessClient(it.settings.access) as door:
            login = {"account": name, "password": password}
            self._secret = door.call("POST", "/v1/login", login)["secret"]
        with it.db, it.db.cursor() as cur:
            cur.execute(
                "INSERT INTO conformity (vendor, product_version, school, begun_by, passed_at)"
                " VALUES (%s, %s, %s, 'bench', now())",
                (ours.VENDOR, VERSION, codes[0]),
            )

    def officer(self) -> AccessClient:
        """Who acts."""
        return AccessClient(self._it.settings.access, self._secret)

    def school(self) -> str:
        """Another school, whose grant names the product's version."""
        code = next(self._codes)
        with self.officer() as client:
            _done(client.grant("rotate", ours.VENDOR, code, {"product_version": VERSION}).code)
        return code

    def made(self, school: str, kind: str) -> Made:
        """A new credential, its link opened."""
        asked = {"vendor": ours.VENDOR, "school": school, "kind": kind, "name": f"bench-{next(self._names)}"}
        with self.officer() as client:
            told = client.call("POST", "/v1/credentials", asked)
            shown = client.call(
                "POST", told["link"].removeprefix(self._it.settings.access), {"confirm": True}
            )
        return Made(told["number"], school, shown["user"], shown["secret"])

    def at_kafka_ms(self, act: Ask, again: Ask | None, school: str) -> float:
        """Of a producer that sends."""
        made = self.made(school, "kafka")
        with self._user(made) as own, self.officer() as client:
            refused = Event()
            sending = Thread(target=_send_until, args=(own, refused), daemon=True)
            sending.start()
            time.sleep(4 * EVERY_S)
            if refused.is_set():
                raise RuntimeError("refused before anybody acted")
            act(client, made)
            answered = time.perf_counter()
            if not refused.wait(GIVEN_UP_S):
                raise TimeoutError(f"not refused in {GIVEN_UP_S} s")
            took = 1000 * (time.perf_counter() - answered)
            sending.join()
            if again is not None:
                again(client, made)
            return max(took, 0.0)

    def of_key_ms(self, act: Ask, again: Ask | None, school: str) -> float:
        """Of an API key, proved every 50 ms on an open connection."""
        made = self.made(school, "api")
        with self.officer() as client, AccessClient(self._it.settings.access, made.secret) as vendor:
            if _refused(vendor, school):
                raise RuntimeError("refused before anybody acted")
            act(client, made)
            answered = time.perf_counter()
            while not _refused(vendor, school):
                if time.perf_counter() - answered > GIVEN_UP_S:
                    raise TimeoutError(f"not refused in {GIVEN_UP_S} s")
                time.sleep(EVERY_S)
            took = 1000 * (time.perf_counter() - answered)
            if again is not None:
                again(client, made)
            return took

    @contextmanager
    def _user(self, made: Made) -> Iterator[Settings]:
        """Settings that log in by it, once it may write."""
        file = self._it.settings.data_dir / made.user
        file.write_text(made.secret, encoding="utf-8")
        update = {"kafka_user": made.user, "kafka_password_file": file}
        own = self._it.stack.settings().model_copy(update=update)
        deadline = time.monotonic() + GIVEN_UP_S
        while broker_probe.ask(own) is not None or not _writes(own):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{made.user} may not write after {GIVEN_UP_S} s")
            time.sleep(EVERY_S)
        yield own
        file.unlink()


def _send_until(own: Settings, refused: Event) -> None:
    with closing(kafka.producer(own, max_block_ms=10_000)) as producer:
        while not refused.is_set():
            try:
                producer.send(in_topic(ours.VENDOR), b"x", key=b"bench").get(timeout=10)
            except KafkaError:
                refused.set()
            time.sleep(EVERY_S)


def _writes(own: Settings) -> bool:
    with closing(kafka.producer(own, max_block_ms=2_000)) as producer:
        try:
            producer.send(in_topic(ours.VENDOR), b"x", key=b"bench").get(timeout=10)
        except KafkaError:
            return False
    return True


def _refused(vendor: AccessClient, school: str) -> bool:
    try:
        vendor.call("POST", "/v1/connection", {"school": school, "test": False})
    except ProblemList:
        return True
    return False


def _done(code: str) -> None:
    if code:
        raise RuntimeError(f"an act is refused: {code}")


@click.command()
@click.option("--times", default=20, show_default=True, help="Acts of each kind.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write figures here."
)
@click.option("--port-base", default=21_790, show_default=True)
def main(times: int, json_file: Path | None, port_base: int) -> None:
    """p50 and the longest, in milliseconds."""
    number = 2 * len(ACTS)
    report: dict[str, dict[str, Any]] = {"kafka": {}, "key": {}}
    with running(port_base, number * PUPILS_A_SCHOOL) as it:
        bench = Bench(it, schools(number * PUPILS_A_SCHOOL))
        for name, (act, again) in ACTS.items():
            for door, took_ms in (("kafka", bench.at_kafka_ms), ("key", bench.of_key_ms)):
                say(f"{name}, {door}")
                school = bench.school()
                took = sorted(took_ms(act, again, school) for _ in range(times))
                told = {"p50_ms": figures.at(took, 0.5), "max_ms": round(took[-1], 1), "count": times}
                report[door][name] = told
    text = json.dumps(report, indent=2)
    if json_file:
        json_file.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


if __name__ == "__main__":
    main()
