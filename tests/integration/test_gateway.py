"""The gateway's door on real servers: whose key it is, decided before a byte of a body is read."""

from tests.integration.gateway import SCHOOL, VENDOR


def test_a_key_says_what_it_may_do(gateway):
    with gateway.client() as vendor:
        said = vendor.get("/v1/self")
    assert said.status_code == 200, said.text
    assert (said.json()["vendor"], said.json()["school"]) == (VENDOR, SCHOOL)
    assert said.json()["handle"] == gateway.credential.handle


def test_without_a_key_nothing_is_told(gateway):
    with gateway.client("") as stranger:
        refused = stranger.get("/v1/self")
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["code"] == "GATE-003" and refused.json()["retryable"] is False
