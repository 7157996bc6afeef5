"""Mirroring the frozen contracts into a schema registry, so that any Avro client can read our topics.

The pipeline does not need one: the ids on the wire are those of ``schemas/ids.json``. A mirror is of use only
if it knows each contract by that same id, so ids are imported, never assigned, and checked afterwards.
Subjects are the records' full names (RecordNameStrategy), because a topic carries several contracts.
Running it again does nothing.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx

from schemas.contracts import versions
from schemas.contracts.versions import Contract
from schemas.errors import Problem, ProblemList

COMPATIBILITY: Final = "FULL_TRANSITIVE"
CONTENT_TYPE: Final = "application/vnd.schemaregistry.v1+json"
TIMEOUT_S: Final = 30.0
APICURIO: Final = "/apis/registry/v3"


@dataclass(frozen=True)
class Published:
    """What a run did: contract versions written now, and those that were there."""

    written: list[Contract]
    present: list[Contract]


def publish(url: str, transport: httpx.BaseTransport | None = None) -> Published:
    """Bring the registry whose Confluent API is at ``url`` up to date.

    Raises ProblemList: REG-001 no registry there, REG-002 an id or a version is taken, REG-003 refused.
    """
    contracts = sorted(versions.by_id().values(), key=lambda c: c.id)
    with httpx.Client(base_url=url.rstrip("/"), timeout=TIMEOUT_S, transport=transport) as client:
        registry = _Registry(client, url)
        registry.subjects()
        missing = [c for c in contracts if not registry.has(c)]
        if missing:
            registry.write(missing)
            for contract in missing:
                if not registry.has(contract):
                    raise _problem("REG-003", registry=url, contract=contract.name, reason="not kept")
        for of_contract in versions.contracts().values():
            registry.set_compatibility(subject(of_contract[-1]))
    return Published(missing, [c for c in contracts if c not in missing])


def subject(contract: Contract) -> str:
    """Subject of a contract: its full name."""
    schema = json.loads(contract.text)
    return f"{schema['namespace']}.{schema['name']}"


class _Registry:
    def __init__(self, client: httpx.Client, url: str) -> None:
        self.client = client
        self.url = url

    def subjects(self) -> list[str]:
        found = self._json("GET", "/subjects")
        if not isinstance(found, list):
            raise _problem("REG-001", registry=self.url, reason="/subjects")
        return found

    def has(self, contract: Contract) -> bool:
        """Is this version there, under our id? REG-002 if something else is in its place."""
        name = subject(contract)
        held = self._json("GET", f"/subjects/{name}/versions/{contract.version}", missing=True)
        if held is None:
            taken = self._json("GET", f"/schemas/ids/{contract.id}", missing=True)
            if taken is not None and not _same(taken["schema"], contract):
                raise _problem("REG-002", registry=self.url, contract=contract.name, id=contract.id)
            return False
        if held["id"] != contract.id or not _same(held["schema"], contract):
            raise _problem("REG-002", registry=self.url, contract=contract.name, id=contract.id)
        return True

    def write(self, missing: Sequence[Contract]) -> None:
        """Apicurio's Confluent API drops the id that it is given without a word; its own import keeps it."""
        if self._is_apicurio():
            self._import_bundle(missing)
        else:
            for contract in missing:
                self._import_one(contract)

    def set_compatibility(self, name: str) -> None:
        held = self._json("GET", f"/config/{name}", missing=True) or {}
        if held.get("compatibilityLevel") != COMPATIBILITY:
            self._json("PUT", f"/config/{name}", body={"compatibility": COMPATIBILITY})

    def _import_one(self, contract: Contract) -> None:
        name = subject(contract)
        self._json("PUT", f"/mode/{name}", body={"mode": "IMPORT"}, params={"force": "true"})
        try:
            body = {"schema": contract.text, "id": contract.id, "version": contract.version}
            self._json("POST", f"/subjects/{name}/versions", body=body)
        finally:
            self._json("PUT", f"/mode/{name}", body={"mode": "READWRITE"}, params={"force": "true"})

    def _is_apicurio(self) -> bool:
        answer = self._send("GET", self._apicurio("/system/info"))
        return answer.status_code == HTTPStatus.OK and "Apicurio" in answer.text

    def _import_bundle(self, missing: Sequence[Contract]) -> None:
        answer = self._send(
            "POST",
            self._apicurio("/admin/import"),
            params={"requireEmptyRegistry": "false"},
            content=bundle(missing),
            headers={
                "Content-Type": "application/zip",
                "X-Registry-Preserve-GlobalId": "true",
                "X-Registry-Preserve-ContentId": "true",
            },
        )
        self._check(answer, missing[0].name)
        fresh = {subject(c) for c in missing if c.version == 1}
        for contract in missing:
            if subject(contract) not in fresh:  # an import leaves the branch of a subject it finds as it was
                branch = f"/groups/default/artifacts/{subject(contract)}/branches/latest/versions"
                answer = self._send("POST", self._apicurio(branch), json={"version": str(contract.version)})
                self._check(answer, contract.name)

    def _check(self, answer: httpx.Response, what: str) -> None:
        if answer.is_error:
            raise _problem("REG-003", registry=self.url, contract=what, reason=answer.status_code)

    def _apicurio(self, path: str) -> httpx.URL:
        return self.client.base_url.copy_with(path=APICURIO + path)

    def _json(self, method: str, path: str, *, missing: bool = False, body: Any = None, **more: Any) -> Any:
        """Answer as JSON; None for "not found" if that may be. REG-001, REG-003."""
        content = None if body is None else json.dumps(body)
        answer = self._send(method, path, content=content, headers={"Content-Type": CONTENT_TYPE}, **more)
        if missing and answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        self._check(answer, path)
        try:
            return answer.json()
        except ValueError:
            raise _problem("REG-001", registry=self.url, reason="JSON") from None

    def _send(self, method: str, path: str | httpx.URL, **more: Any) -> httpx.Response:
        try:
            return self.client.request(method, path, **more)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _problem("REG-001", registry=self.url, reason=type(error).__name__) from None


def bundle(contracts: Sequence[Contract]) -> bytes:
    """Apicurio's export format with these contracts, ids and all."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:

        def put(path: str, **entity: Any) -> None:
            file.writestr(f"{path}.json", json.dumps(entity))

        put("csdl.Manifest", systemName="csdl", systemVersion="3.3.3", exportVersion="3.0", dbVersion="109")
        for contract in contracts:
            name, digest = subject(contract), hashlib.sha256(contract.text.encode()).hexdigest()
            artifact, created = f"groups/default/artifacts/{name}", {"owner": "", "createdOn": 0}
            put(
                f"content/{digest}.Content",
                contentId=contract.id,
                contentHash=digest,
                canonicalHash=digest,
                artifactType="AVRO",
                contentType="application/json",
            )
            file.writestr(f"content/{digest}.Content.data", contract.text)
            if contract.version == 1:
                put(f"{artifact}/MetaData.Artifact", artifactId=name, artifactType="AVRO", **created)
                ours = [str(c.version) for c in contracts if c.name == contract.name]
                # Not "system defined": else a later version could not be added to it under its own id.
                put(
                    f"{artifact}/branches/latest.Branch",
                    artifactId=name,
                    branchId="latest",
                    systemDefined=False,
                    versions=ours,
                    **created,
                )
            put(
                f"{artifact}/versions/{contract.version}.ArtifactVersion",
                artifactId=name,
                version=str(contract.version),
                versionOrder=contract.version,
                globalId=contract.id,
                contentId=contract.id,
                state="ENABLED",
                **created,
            )
    return out.getvalue()


def _same(text: str, contract: Contract) -> bool:
    return bool(json.loads(text) == json.loads(contract.text))


def _problem(code: str, **params: Any) -> ProblemList:
    return ProblemList([Problem(code, params=params)])
