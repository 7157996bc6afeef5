"""Login at an OpenID provider: authorization code with PKCE, beside the password.

The provider says who somebody is, by issuer and subject; the account says everything else. What a login needs
while it is under way (state, nonce, verifier) stays on the server, by a cookie of its own, for one use and
ten minutes; after it the browser gets a session like any other.
"""

from collections.abc import Mapping
from typing import Any, Final

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.responses import RedirectResponse, Response

from access.accounts import credentials, store
from access.service.door import Caller, said
from access.service.flows import LIVES_S, Flow
from access.service.login import admit, in_cookie, refuse
from access.service.parts import Parts
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

NOT_SET_UP: Final = "ACC-043"
REFUSED: Final = "ACC-055"
NO_ACCOUNT: Final = "ACC-056"
AWAY: Final = "ACC-057"

COOKIE: Final = "csdl_openid"
PATH: Final = "/v1/openid"
ANSWER_S: Final = 10.0
ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA"]
LEEWAY_S: Final = 60
"""How far the provider's clock may be off."""


def begin(parts: Parts, caller: Caller, content: bytes) -> Response:
    """To the provider. Raises ProblemList (ACC-043 where none is set up, ACC-057)."""
    provider = _provider(parts.settings)
    cookie, flow = parts.flows.begin()
    with _client(parts.settings) as client:
        url, _ = client.create_authorization_url(
            provider["authorization_endpoint"],
            state=flow.state,
            nonce=flow.nonce,
            code_verifier=flow.verifier,
        )
    response = RedirectResponse(url, 303)
    # Lax: the provider's answer is a navigation from its site, and must bring it along.
    secure = parts.settings.access_url.startswith("https://")
    response.set_cookie(
        COOKIE, cookie, max_age=int(LIVES_S), path=PATH, httponly=True, samesite="lax", secure=secure
    )
    return response


def finish(parts: Parts, caller: Caller, content: bytes) -> Response:
    """Back from it: a session of the account with that issuer and subject.

    Raises ProblemList, on record: ACC-055 what is no answer to a login of this browser, ACC-056 nobody's.
    """
    settings, act = parts.settings, "openid"
    flow = parts.flows.take(caller.cookies.get(COOKIE, ""), caller.query.get("state", ""))
    others = caller.query.get("iss", settings.openid_issuer) != settings.openid_issuer
    if flow is None or others or "code" not in caller.query:
        refuse(parts, REFUSED, caller, None, act)
    try:
        claims = _claims(settings, flow, caller.query["code"])
    except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError):
        refuse(parts, REFUSED, caller, None, act)
    with parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        account = store.by_identity(cur, claims["iss"], claims["sub"])
    if account is None:
        refuse(parts, NO_ACCOUNT, caller, None, act)
    issued = admit(parts, account, credentials.Kind.SESSION, caller, act)
    response = in_cookie(said({"account": account.id, "expires_at": issued.expires_at}), parts, issued)
    response.delete_cookie(COOKIE, path=PATH)
    return response


def _claims(settings: Settings, flow: Flow, code: str) -> Mapping[str, Any]:
    """What the provider signed, to us, for this login. Raises one of what ``finish`` catches, or ACC-057."""
    provider = _provider(settings)
    with _client(settings) as client:
        try:
            token = client.fetch_token(provider["token_endpoint"], code=code, code_verifier=flow.verifier)
            found = httpx.get(provider["jwks_uri"], timeout=ANSWER_S, trust_env=False)
            keys = KeySet.import_key_set(found.raise_for_status().json())
        except httpx.HTTPError:
            raise _away(settings) from None
    claims = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS).claims
    known = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_S,
        iss={"essential": True, "value": settings.openid_issuer},
        nonce={"essential": True, "value": flow.nonce},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    known.validate(claims)
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if audience != [settings.openid_client_id]:
        raise ValueError("it speaks to somebody else")
    if not (isinstance(claims["sub"], str) and 0 < len(claims["sub"]) <= 255):
        raise ValueError("no subject")
    return claims


def _provider(settings: Settings) -> Mapping[str, Any]:
    """The provider's own description. Raises ProblemList (ACC-043, ACC-057)."""
    issuer = settings.openid_issuer
    if not issuer:
        raise ProblemList([Problem(NOT_SET_UP)])
    try:
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found = httpx.get(url, timeout=ANSWER_S, trust_env=False).raise_for_status().json()
        if found["issuer"] != issuer:
            raise ValueError("another issuer")
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        raise _away(settings) from None
    return dict(found)


def _client(settings: Settings) -> OAuth2Client:
    secret = ""
    if settings.openid_secret_file.is_file():
        secret = settings.openid_secret_file.read_text(encoding="utf-8").strip()
    return OAuth2Client(
        settings.openid_client_id,
        secret or None,
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        scope="openid",
        redirect_uri=f"{settings.access_url.rstrip('/')}{PATH}/callback",
        code_challenge_method="S256",
        timeout=ANSWER_S,
        trust_env=False,
    )


def _away(settings: Settings) -> ProblemList:
    return ProblemList([Problem(AWAY, params={"issuer": settings.openid_issuer})])
