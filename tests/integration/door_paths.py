"""Paths behind the gateway's door that tests push to and ask: they say what reached them."""

import errno
from typing import Annotated

import psycopg2
from fastapi import APIRouter, Depends, Query, Request, Response
from kafka.errors import KafkaTimeoutError

from producers.gateway.sender import Sender, sender
from schemas.errors import Problem, ProblemList

router = APIRouter()
LARGE = 32 * 1024 * 1024
BEGUN: list[str] = []
"""School of each body that was begun to be read."""


@router.post("/v1/bodies")
async def take(request: Request, by: Annotated[Sender, Depends(sender)]) -> dict[str, int]:
    """The size of a body."""
    BEGUN.append(by.school)
    size = 0
    async for part in request.stream():
        size += len(part)
    return {"bytes": size}


@router.get("/v1/bodies/{name}")
def ask(
    name: str,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    part: Annotated[list[str], Query()] = [],  # noqa: B006
    dry_run: bool = False,
) -> dict[str, int]:
    """How long the name is."""
    return {"letters": len(name), "limit": limit, "parts": len(part)}


@router.get("/v1/large")
def much() -> Response:
    """More than lies on the way to a client that does not read."""
    return Response(bytes(LARGE))


@router.get("/v1/faults/{kind}")
def fail(kind: str) -> None:
    """Raises what is asked for."""
    raise {
        "database": psycopg2.OperationalError("connection to server at 10.0.0.9 failed"),
        "broker": KafkaTimeoutError("no answer"),
        "disk": OSError(errno.ENOSPC, "No space left on device", "/tmp/x"),
        "ours": ValueError("Nguyễn Văn An 0123456789"),
        "several": ProblemList(
            [Problem("GATE-006", params={"name": "a"}), Problem("SYS-002", params={"reason": "x"})]
        ),
    }[kind]
