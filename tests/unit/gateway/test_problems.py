"""How a refusal is told."""

import json
from typing import Any

from producers.gateway import problems
from schemas.errors import Problem, SourceLocation, catalogue


def told(*found: Problem, **headers: str) -> tuple[Any, dict[str, Any]]:
    answer = problems.answer(found, headers)
    return answer, json.loads(bytes(answer.body))


def test_all_that_is_wrong_is_told_at_once_in_both_languages():
    place = SourceLocation("lop.xlsx", "Lớp 1", 7, "NgaySinh")
    answer, said = told(
        Problem("GATE-006", SourceLocation(pointer="/NamHoc"), {"name": "year"}),
        Problem("FILE-001", place, {"path": "a"}),
    )
    assert (answer.status_code, said["status"], said["code"]) == (400, 400, "GATE-006")
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["type"] == "urn:csdl:GATE-006" and said["title"] != said["title_en"]
    assert [each["code"] for each in said["problems"]] == ["GATE-006", "FILE-001"]
    assert said["problems"][0]["pointer"] == "/NamHoc"
    assert said["problems"][1]["place"] == {
        "file": "lop.xlsx",
        "sheet": "Lớp 1",
        "row": 7,
        "field": "NgaySinh",
    }


def test_what_keeps_us_from_working_comes_before_what_is_wrong():
    answer, said = told(
        Problem("GATE-006", params={"name": "a"}), Problem("SYS-002", params={"reason": "10.0.0.9"})
    )
    assert (answer.status_code, said["code"], said["retryable"]) == (503, "GATE-018", True)
    assert answer.headers["retry-after"] == "5" and "10.0.0.9" not in json.dumps(said)


def test_who_may_come_again_is_told_when():
    answer, said = told(Problem("GATE-010", params={"most": 1, "retry_after": 2}))
    assert (answer.status_code, answer.headers["retry-after"], said["retryable"]) == (429, "2", True)


def test_what_a_file_holds_is_unprocessable():
    answer, said = told(Problem("FILE-001", params={"path": "a"}))
    assert (answer.status_code, said["retryable"]) == (422, False) and "retry-after" not in answer.headers


def test_an_answer_has_its_bound():
    _, said = told(*[Problem("GATE-006", params={"name": str(n)}) for n in range(3_000)])
    assert len(said["problems"]) == problems.MOST


def test_every_code_of_the_table_is_one_of_the_catalogue():
    assert problems.STATUS.keys() | problems.AWAY.keys() <= catalogue().keys()
    assert catalogue().keys() >= problems.ALSO_RETRYABLE
