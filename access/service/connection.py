"""What a vendor's product asks before it pushes: does my key let me in, from here, for this school?"""

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from access.credentials.proof import prove_key
from access.service.bodies import read
from access.service.credentials import grants
from access.service.door import Caller, said
from access.service.parts import Parts
from schemas.errors import ProblemList


class Connection(BaseModel):
    """The school; ``test``: where test keys are taken, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)

    school: str
    test: bool = False


def check(parts: Parts, caller: Caller, content: bytes) -> Response:
    """Whose the key is. Raises ProblemList: KEY-101 to 112, SYS-001."""
    asked = read(content, Connection)
    with parts.connections.borrowed() as conn:
        proof = prove_key(
            conn,
            grants(parts),
            parts.keys,
            parts.refusals,
            parts.guesses,
            caller.secret,
            caller.address,
            asked.school,
            test=asked.test,
        )
    if proof.code or proof.credential is None:
        raise ProblemList([proof.problem()])
    one = proof.credential
    told = {"vendor": one.vendor, "school": one.school, "name": one.name, "handle": one.handle}
    return said(told | {"test": one.test, "address": caller.address, "expires_at": one.expires_at})
