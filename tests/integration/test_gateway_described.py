"""The gateway keeps to the description of itself, and its books are read without a key."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from producers.gateway import app, book_pages
from producers.gateway.datasets import EXAMPLE
from producers.gateway.push_described import Accepted, Rehearsed
from tests.integration.gateway import SCHOOL
from tests.integration.test_pushing import packet, push

EXAMPLE_SCHOOL = EXAMPLE["MaTruongHoc"]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def anybody(gateway):
    with gateway.client("") as client:
        yield client


BOOKS = [
    "/v1/rules",
    "/v1/rules/HS-103",
    "/v1/codelists",
    "/v1/codelists/GIOI_TINH",
    "/v1/layouts",
    "/v1/layouts/vnedu_student_list_38",
    "/v1/errors",
    "/v1/openapi.json",
]


@pytest.mark.parametrize("path", BOOKS)
def test_a_book_is_read_by_anybody_and_not_sent_again_to_whoever_holds_it(anybody, path):
    first = anybody.get(path)
    assert first.status_code == 200, first.text
    assert "max-age" in first.headers["cache-control"]
    etag = first.headers["etag"]
    for held in (etag, f"W/{etag}", f'"another", {etag}', "*"):
        again = anybody.get(path, headers={"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert anybody.get(path, headers={"If-None-Match": '"another"'}).content == first.content


def test_the_books_that_are_served_are_those_that_the_product_goes_by(anybody):
    assert anybody.get("/v1/rules").json() == book_pages.rule_page().model_dump()
    found = anybody.get("/v1/rules", params={"record_type": "LopHoc", "severity": "warn"}).json()
    assert found == book_pages.rule_page("LopHoc", "warn").model_dump()
    assert anybody.get("/v1/codelists/DAN_TOC").json() == book_pages.codelist("DAN_TOC").model_dump()


def test_the_description_that_is_served_is_the_one_that_is_kept(anybody):
    assert anybody.get("/v1/openapi.json").json() == app.description()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/rules/HS-999", 404, "GATE-090"),
        ("/v1/codelists/gioi_tinh", 404, "GATE-090"),
        ("/v1/layouts/none", 404, "GATE-090"),
        ("/v1/layouts/..%2F..%2Fformats", 404, "GATE-001"),
        ("/v1/rules/%00", 404, "GATE-001"),
        ("/v1/rules/" + "x" * 61, 400, "GATE-006"),
        ("/v1/rules?severity=fatal", 400, "GATE-006"),
        ("/v1/rules?record_type=hocsinh", 400, "GATE-006"),
        ("/v1/rules?recordtype=HocSinh", 400, "GATE-005"),
        ("/v1/rules?severity=warn&severity=block", 400, "GATE-007"),
    ],
)
def test_what_is_in_no_book_is_a_problem_with_its_code(anybody, path, status, code):
    refused = anybody.get(path)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("dry_run", "model"), [(True, Rehearsed), (False, Accepted)])
def test_a_push_is_answered_with_the_fields_that_are_described_and_no_others(gateway, dry_run, model):
    with gateway.client() as vendor:
        said = push(vendor, packet({}, {"TrangThai": 5}), dry_run=dry_run)
    assert said.status_code in (200, 202), said.text
    assert model.model_validate(said.json()).model_dump(mode="json") == said.json()


def test_whatever_is_asked_the_gateway_answers_as_it_is_described(gateway, tmp_path):
    """schemathesis: what the description allows and what it does not, and no answer that it does not name.

    ``CSDL_TEST_EXAMPLES=50``: longer, by hand, and in all of its phases.
    """
    examples = os.environ.get("CSDL_TEST_EXAMPLES")
    path = tmp_path / "openapi.yaml"
    path.write_text(app.document().replace(EXAMPLE_SCHOOL, SCHOOL), encoding="utf-8")
    found = subprocess.run(
        [
            *(sys.executable, "-m", "tests.integration.asked_as_described"),
            *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
            *("run", str(path), "--url", gateway.url),
            *("--header", f"Authorization: Bearer {gateway.secret}"),
            *("--max-examples", examples or "3", "--generation-deterministic"),
            *(() if examples else ("--phases", "examples,fuzzing")),
            *("--no-color", "--continue-on-failure"),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"},
        check=False,
    )
    assert found.returncode == 0, found.stdout[-20_000:] + found.stderr[-2_000:]
