"""The access service as the command line and the demonstration call it: one function a door.

What the service refuses is raised or returned with its code and both texts, as if it had been said here.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

import httpx

from access import logins
from runtime.clock import ClockCheck
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList, SourceLocation, catalogue

NOBODY: Final = "ACC-051"
AWAY: Final = "ACC-052"
ANSWER_S: Final = 120.0
"""Longer than any machine's silence that the service itself bears."""

AT_ONCE: Final = 16


@dataclass(frozen=True)
class Outcome:
    """What became of an act: ``code`` and both texts if it was refused, ``state`` of its subject after it."""

    command_id: str
    code: str
    state: str
    texts: tuple[str, str]
    warnings: tuple[Problem, ...] = ()

    def messages(self) -> tuple[str, str]:
        """(Vietnamese, English): why it was refused and what to do."""
        return self.texts


class AccessClient:
    """Calls the service with a secret, from any thread. A context manager."""

    def __init__(self, url: str, secret: str = "", tls: ssl.SSLContext | None = None) -> None:
        """``tls``: of a server whose authority this machine does not know by itself."""
        self.url = url
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        limits = httpx.Limits(max_connections=AT_ONCE)
        self._http = httpx.Client(
            base_url=url,
            headers=headers,
            timeout=ANSWER_S,
            limits=limits,
            trust_env=False,
            verify=tls or True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def call(self, method: str, path: str, body: Mapping[str, Any] | bytes | None = None) -> Any:
        """The JSON of an answer, also of a machine's refusal. Raises ProblemList: ACC-052; what it said."""
        sent: dict[str, Any] = {"json": dict(body)} if isinstance(body, Mapping) else {"content": body}
        clock = ClockCheck()
        try:
            clock.sending()
            answer = self._http.request(method, path, **sent)
            said = answer.json()
            clock.stamped(_stamp(answer))
        except (httpx.HTTPError, ValueError, KeyError) as fault:
            raise ProblemList([Problem(AWAY, params={"url": self.url, "reason": _reason(fault)})]) from None
        if answer.status_code >= 400 and "problems" in said:
            raise ProblemList([problem(each) for each in said["problems"]])
        if isinstance(said, dict) and said.get("warnings") == []:
            said["warnings"] = [w.as_dict() | {"params": w.params} for w in clock.warnings()]
        return said

    def act(self, path: str, body: Mapping[str, Any]) -> Outcome:
        """One act. Raises ProblemList for what no machine was asked."""
        said = self.call("POST", path, body)
        warnings = tuple(problem(each) for each in said["warnings"])
        texts = (said["message_vi"], said["message_en"])
        return Outcome(said["command_id"], said["code"], said["state"], texts, warnings)

    def confirm(self, dataset: str, act: str, body: Mapping[str, Any]) -> Outcome:
        """A unit's act on a dataset; ``body``: what was seen, and why."""
        return self.act(f"/v1/datasets/{dataset}/acts/{act}", body)

    def dataset(self, dataset: str) -> dict[str, Any] | None:
        """The state of a dataset, None if it was never opened."""
        found: dict[str, Any] | None = self.call("GET", f"/v1/datasets/{dataset}")["state"]
        return found

    def document(self, pdf: bytes) -> dict[str, Any]:
        """A signed document is handed in; its SHA-256 and signatures. Raises ProblemList: SIG-…"""
        found: dict[str, Any] = self.call("POST", "/v1/documents", pdf)
        return found

    def grant(self, act: str, vendor: str, school: str, body: Mapping[str, Any]) -> Outcome:
        """A vendor's right is given or taken."""
        return self.act(f"/v1/grants/{vendor}/{school}/{act}", body)

    def credentials(self, **only: str) -> list[dict[str, Any]]:
        """Credentials of grants that the account may see: of a ``vendor``, a ``school``, a ``handle``."""
        found: list[dict[str, Any]] = self.call("GET", f"/v1/credentials?{urlencode(only)}")
        return found


def logged_in(settings: Settings) -> AccessClient:
    """A client of whoever is logged in. Raises ProblemList (ACC-051, ACC-053)."""
    url = settings.access
    kept = logins.read(settings.login_file, url)
    if kept is None:
        raise ProblemList([Problem(NOBODY, params={"url": url})])
    return AccessClient(url, kept.secret)


def log_in(settings: Settings, account: str, password: str) -> dict[str, Any]:
    """Prove an account by its password and keep the login; what the service said, without the secret.

    A login that was kept before is ended. Raises ProblemList (ACC-021 to 029, 052).
    """
    before = logins.read(settings.login_file, settings.access)
    with AccessClient(settings.access, before.secret if before else "") as client:
        said: dict[str, Any] = client.call("POST", "/v1/login", {"account": account, "password": password})
    logins.keep(settings.login_file, settings.access, logins.Login(said.pop("secret")))
    return said


def problem(said: Mapping[str, Any]) -> Problem:
    """A problem as the service told it; a code that this release does not know, by its own texts."""
    place = SourceLocation(said["file"], said["sheet"], said["row"], said["field"])
    if said["code"] in catalogue():
        return Problem(said["code"], place, dict(said.get("params", {})))
    return Problem("STK-019", place, {"fault": f"{said['code']} {said['message_en']}"})


def _stamp(answer: httpx.Response) -> int:
    """The service's time of an answer, ms since 1970: the service compares its own clock with Kafka's."""
    date: str = answer.headers["date"]
    return int(parsedate_to_datetime(date).timestamp() * 1000)


def _reason(fault: Exception) -> str:
    match fault:
        case httpx.ConnectError():
            return "connection refused"
        case httpx.TimeoutException():
            return "no answer"
        case _:
            return type(fault).__name__
