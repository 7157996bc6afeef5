"""Login at an OpenID provider: code flow with PKCE, a person by issuer and subject, all else refused."""

import time
from contextlib import closing

import httpx
import pytest
from joserfc.jwk import ECKey

from access.accounts.account import Role
from runtime import postgres
from tests import oidc_provider, openid_provider, people
from tests.support import ANSWER_S


@pytest.fixture
def provider():
    with openid_provider.running() as found:
        yield found


@pytest.fixture
def served(settings, provider):
    known = {"openid_issuer": provider.issuer, "openid_client_id": "csdl"}
    with people.access_service(settings.model_copy(update=known)) as (found, _):
        yield found


def browser(settings):
    return httpx.Client(base_url=settings.access, trust_env=False, timeout=ANSWER_S)


def sent_away(there) -> str:
    """Where a browser that begins is sent."""
    answer = there.get("/v1/openid/begin")
    assert answer.status_code == 303
    return str(answer.headers["location"])


def codes(settings) -> list[str]:
    """Codes of the refused logins on record, oldest first."""
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        cur.execute("SELECT code FROM audit_event WHERE act = 'openid' AND kind = 'refused' ORDER BY number")
        return [code for (code,) in cur.fetchall()]


def test_a_person_is_known_by_issuer_and_subject_and_nothing_else(served, provider):
    theirs = {"issuer": provider.issuer, "subject": "u-1"}
    made = people.account(served, "an.le", "19", Role.AUDITOR, **theirs)
    with browser(served) as there:
        code, state = provider.logged_in(sent_away(there))
        back = there.get("/v1/openid/callback", params={"code": code, "state": state})
        assert (back.status_code, back.json().get("account")) == (200, made.id), back.text
        assert there.get("/v1/whoami").json()["by"] == "session"
        again = there.get("/v1/openid/callback", params={"code": code, "state": state})
        assert (again.status_code, again.json()["code"]) == (401, "ACC-055")

    with browser(served) as victim, browser(served) as attacker:
        code, state = provider.logged_in(sent_away(attacker))
        sent_away(victim)
        fixed = victim.get("/v1/openid/callback", params={"code": code, "state": state})
        assert fixed.json()["code"] == "ACC-055", "another browser's login"

    lies = [
        {"nonce": "another"},
        {"aud": "somebody-else"},
        {"aud": ["csdl", "somebody-else"]},
        {"iss": "https://evil.example"},
        {"exp": int(time.time()) - 3600},
        {"sub": ""},
        {"sub": 7},
    ]
    for lie in lies:
        provider.claims = lie
        assert answered(served, provider) == "ACC-055", lie
    provider.claims = {"sub": "u-2", "email": "an.le@example.vn"}
    assert answered(served, provider) == "ACC-056"
    provider.claims, provider.published = {}, provider.key
    provider.key = ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256"})
    assert answered(served, provider) == "ACC-055", "signed by another key"
    assert codes(served) == ["ACC-055"] * (2 + len(lies)) + ["ACC-056", "ACC-055"]


def answered(settings, provider) -> str:
    """Code that a login is answered with."""
    with browser(settings) as there:
        code, state = provider.logged_in(sent_away(there))
        answer = there.get("/v1/openid/callback", params={"code": code, "state": state})
        return str(answer.json()["code"])


def test_without_a_provider_there_is_no_such_door(settings):
    with people.access_service(settings) as (served, _), browser(served) as there:
        assert there.get("/v1/openid/begin").json()["code"] == "ACC-043"


def test_login_at_a_provider_of_other_peoples_making(settings, tmp_path):
    """Discovery, keys, PKCE, a client's secret and claims as npm's oidc-provider has them."""
    served, its = people.free_port(), people.free_port()
    secret = tmp_path / "secret"
    secret.write_text("bi-mat-cua-may-kiem-thu", encoding="utf-8")
    callback = f"http://127.0.0.1:{served}/v1/openid/callback"
    with oidc_provider.running(tmp_path, its, callback, secret) as issuer:
        known = {"openid_issuer": issuer, "openid_client_id": "csdl", "openid_secret_file": secret}
        with people.access_service(settings.model_copy(update=known), served) as (found, _):
            theirs = {"issuer": issuer, "subject": "an-le-07"}
            made = people.account(found, "an.le.npm", "19", Role.AUDITOR, **theirs)
            typed = {"login": "an-le-07", "password": "nào cũng được"}
            with browser(found) as there:
                back = oidc_provider.log_in(there, sent_away(there), callback, typed)
                mixed = there.get(back.replace("iss=", "iss=x"))
                assert mixed.json()["code"] == "ACC-055", "another provider's answer"
                back = oidc_provider.log_in(there, sent_away(there), callback, typed)
                answer = there.get(back)
                assert (answer.status_code, answer.json().get("account")) == (200, made.id), answer.text
                assert there.get("/v1/whoami").json()["by"] == "session"
            with browser(found) as there:
                back = oidc_provider.log_in(there, sent_away(there), callback, typed | {"login": "ai.do"})
                assert there.get(back).json()["code"] == "ACC-056"
