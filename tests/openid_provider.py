"""A small OpenID provider for tests: discovery, keys, and a token for each code it was told to honour."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from tests.support import answering


@dataclass
class Provider:
    """``issuer`` is its address; ``claims`` change what it signs next, ``key`` is what it signs with."""

    issuer: str
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256"}))
    published: ECKey | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def logged_in(self, authorization_url: str) -> tuple[str, str]:
        """(code, state): what it sends a browser back with, after its user logged in there."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(authorization_url).query).items()}
        assert asked["code_challenge_method"] == "S256" and asked["response_type"] == "code"
        code = hashlib.sha256(asked["state"].encode()).hexdigest()
        self.codes[code] = asked
        return code, asked["state"]

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        """What a code is worth; once, and to whom its verifier proves to have asked for it."""
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return None
        now = int(time.time())
        said = {"iss": self.issuer, "aud": asked["client_id"], "sub": "u-1", "nonce": asked["nonce"]}
        said |= {"iat": now, "exp": now + 300} | self.claims
        header = {"alg": "ES256", "kid": "k1"}
        return {"access_token": "x", "token_type": "Bearer", "id_token": jwt.encode(header, said, self.key)}


@contextmanager
def running() -> Iterator[Provider]:
    """One on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer = provider.issuer
            if self.path == "/.well-known/openid-configuration":
                ends = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "keys"}
                self._say({"issuer": issuer, **{name: f"{issuer}/{path}" for name, path in ends.items()}})
            else:
                self._say({"keys": [(provider.published or provider.key).as_dict(private=False)]})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            token = provider.token({name: values[0] for name, values in parse_qs(body).items()})
            self._say(token or {"error": "invalid_grant"}, 200 if token else 400)

        def _say(self, value: object, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(value).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with answering(Handler) as url:
        provider = Provider(url)
        yield provider
