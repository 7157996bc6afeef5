"""Credentials of grants as a vendor uses them: a link is opened, a key shown, a Kafka user writes."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import httpx
from kafka import KafkaProducer
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from runtime import broker_probe, kafka
from runtime.settings import Settings
from schemas.topics import in_topic
from tests.support import ANSWER_S

DENIED: Final = TopicAuthorizationFailedError.__name__
NO_HEADERS: Final[Mapping[str, str]] = {}
FORGED: Final[dict[str, str]] = {
    "X-Real-IP": "203.0.113.7",
    "Forwarded": "for=203.0.113.7",
    "CF-Connecting-IP": "203.0.113.7",
    "True-Client-IP": "203.0.113.7",
}
"""Headers that name an address, of whoever wrote them."""


def opened(link: str) -> httpx.Response:
    """A link's answer to who confirms."""
    return httpx.post(link, json={"confirm": True}, trust_env=False, timeout=ANSWER_S)


def shown(made: Mapping[str, Any]) -> str:
    """The secret of a credential that was just made."""
    answer = opened(made["link"])
    assert answer.status_code == 200, answer.text
    return str(answer.json()["secret"])


def prove(
    settings: Settings,
    secret: str,
    school: str,
    test: bool = False,
    headers: Mapping[str, str] = NO_HEADERS,
    by: httpx.Client | None = None,
) -> str:
    """The code that refuses a key; "" if it is proved. ``by``: on a connection that stands."""
    if by is None:
        with httpx.Client(trust_env=False, timeout=ANSWER_S) as anew:
            return prove(settings, secret, school, test, headers, anew)
    answer = by.post(
        f"{settings.access}/v1/connection",
        json={"school": school, "test": test},
        headers={"Authorization": f"Bearer {secret}", **headers},
    )
    return "" if answer.status_code == 200 else str(answer.json()["code"])


def as_kafka_user(operator: Settings, made: Mapping[str, Any], folder: Path) -> Settings:
    """Settings that log in by a Kafka user that was just made, which its link shows once Kafka knows it.
    ``folder``: for its password."""
    answer = opened(made["link"]).json()
    file = folder / answer["user"]
    file.write_text(answer["secret"], encoding="utf-8")
    own = operator.model_copy(update={"kafka_user": answer["user"], "kafka_password_file": file})
    assert broker_probe.ask(own, ANSWER_S) is None
    return own


def producer(settings: Settings) -> Any:
    """Closed at the end."""
    return closing(kafka.producer(settings))


def write(sender: KafkaProducer, topic: str = in_topic("smas")) -> str:
    """The name of what Kafka said; "" if it took the message."""
    try:
        sender.send(topic, b"x", key=b"19164101").get(ANSWER_S)
    except KafkaError as fault:
        return type(fault).__name__
    return ""


def written_anew(settings: Settings) -> str:
    """What was refused once sends nothing any more: another producer."""
    with producer(settings) as sender:
        return write(sender)
