"""The gateway's calls."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Union
from urllib.parse import quote

from csdl_client.sending import Again, Door, Refused

Content = Union[str, "PathLike[str]", bytes, Sequence[Union[str, "PathLike[str]"]]]
"""A file, or its bytes, or several files that are one push."""

OF_ENDINGS = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".csv": "text/csv",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
ANY_FILE = "application/octet-stream"
LOOK_S = 1.0
"""Between two looks at a push."""
UNSEEN_S = 60.0
NOT_FOUND = 404


class Client:
    """Calls the gateway by one school's key, each call until it is answered.

    Raises Refused for what is wrong with a call, NotSent where its last try failed. ``ca_file``: of a gateway
    whose certificate this machine does not know. ``timeout_s``: without a byte from the gateway.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        again: Again = Again(),  # noqa: B008
        timeout_s: float = 120.0,
        ca_file: str | None = None,
    ) -> None:
        self._door = Door(url, key.strip(), again, timeout_s, ca_file)

    def push(
        self,
        content: Content,
        *,
        school: str = "",
        year: int | None = None,
        kind: str = "",
        parts: Iterable[str] = (),
        name: str = "",
        idempotency_key: str = "",
    ) -> dict[str, Any]:
        """Send a file as one push; what the gateway said of it (``push_id`` …).

        ``school``, ``year``, ``kind`` (LoaiDongBo) where the file does not say them; ``parts``: record types
        of which it holds a part only. All tries have one Idempotency-Key, made here unless one is given: that
        of an earlier call that raised NotSent.
        """
        headers, body = _sent(content, name)
        headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        said: dict[str, Any] = self._door.ask(
            "POST", "/v1/pushes", _query(school, year, kind, parts), headers, body
        ).json()
        return said

    def dry_run(
        self,
        content: Content,
        *,
        school: str = "",
        year: int | None = None,
        kind: str = "",
        parts: Iterable[str] = (),
        name: str = "",
    ) -> dict[str, Any]:
        """What would become of a file; nothing is sent on."""
        headers, body = _sent(content, name)
        query = [*_query(school, year, kind, parts), ("dry_run", "true")]
        said: dict[str, Any] = self._door.ask("POST", "/v1/pushes", query, headers, body).json()
        return said

    def status(self, push_id: str) -> dict[str, Any]:
        """How far a push has come."""
        said: dict[str, Any] = self._door.ask("GET", f"/v1/pushes/{quote(push_id, safe='')}").json()
        return said

    def errors(self, push_id: str) -> Iterator[dict[str, Any]]:
        """Everything that is wrong with a push: each record and rule, and where it stands in the file."""
        page = {"next_after": 0, "has_more": True}
        while page["has_more"]:
            query = [("after", str(page["next_after"])), ("limit", "1000")]
            page = self._door.ask("GET", f"/v1/pushes/{quote(push_id, safe='')}/errors", query).json()
            yield from page["errors"]

    def marked(self, push_id: str) -> bytes:
        """The sender's own workbook, its faulty cells marked; of what was no workbook one that lists them."""
        path = f"/v1/pushes/{quote(push_id, safe='')}/errors"
        return self._door.ask("GET", path, [("format", "xlsx")], {"Accept": "*/*"}).body

    def wait_until_loaded(self, push_id: str, timeout_s: float = 600.0) -> dict[str, Any]:
        """The status of a push once its records were taken or refused. Raises TimeoutError.

        One by Kafka is not known before its first message was read: for UNSEEN_S that is waited for.
        """
        began = time.monotonic()
        while True:
            waited = time.monotonic() - began
            try:
                said = self.status(push_id)
                if said["outcome"] != "open":
                    return said
            except Refused as refused:
                if refused.status != NOT_FOUND or waited > UNSEEN_S:
                    raise
            if waited > timeout_s:
                raise TimeoutError(f"push {push_id}: open after {timeout_s:.0f} s")
            time.sleep(LOOK_S)

    def events(self, cursor_file: str | PathLike[str], limit: int = 100) -> Iterator[dict[str, Any]]:
        """What became of pushes since the last call with this file, oldest first; ends where there is no
        more for now.

        The cursor is kept once the events of a page were taken: whoever is stopped on the way sees those of
        the page again, and misses none. Each has an ``event_id``.
        """
        kept = Path(cursor_file)
        after = kept.read_text(encoding="ascii").strip() if kept.exists() else ""
        while True:
            query = [("limit", str(limit)), *([("after", after)] if after else [])]
            page = self._door.ask("GET", "/v1/events", query).json()
            yield from page["events"]
            if page["next"] != after:
                after = page["next"]
                _keep(kept, after + "\n")
            if not page["has_more"]:
                return


def _sent(content: Content, name: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of a file, or of several as a form."""
    if isinstance(content, bytes):
        return _headers(name), content
    if isinstance(content, (str, PathLike)):
        path = Path(fspath(content))
        return _headers(name or path.name), path.read_bytes()
    boundary = uuid.uuid4().hex
    body = b""
    for number, path in enumerate(map(Path, content)):
        said = {"Content-Disposition": f'form-data; name="file{number}"; {_named(path.name)}'}
        head = _headers(path.name) | said
        lines = "".join(f"{header}: {value}\r\n" for header, value in head.items())
        body += f"--{boundary}\r\n{lines}\r\n".encode() + path.read_bytes() + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, body


def _headers(name: str) -> dict[str, str]:
    headers = {"Content-Type": OF_ENDINGS.get(Path(name).suffix.lower(), ANY_FILE)}
    if name:
        headers["Content-Disposition"] = f"attachment; {_named(name)}"
    return headers


def _named(name: str) -> str:
    """A file's name, of whatever letters (RFC 8187)."""
    return f"filename*=UTF-8''{quote(name, safe='')}"


def _query(school: str, year: int | None, kind: str, parts: Iterable[str]) -> Sequence[tuple[str, str]]:
    said = [("school", school), ("year", str(year or "")), ("kind", kind)]
    return [(name, value) for name, value in said if value] + [("part", part) for part in parts]


def _keep(path: Path, text: str) -> None:
    """Whole or as it was."""
    partial = path.with_name(f"{path.name}.part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
