"""Files are read in the test's own process, where bounds can be lowered; ``test_foreign.py`` reads apart."""

import io

import pytest

from producers.adapters import foreign, foreign_child


@pytest.fixture(autouse=True)
def read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(head: bytes, data: bytes) -> memoryview:
        out = io.BytesIO()
        foreign_child.answer(head, data, out)
        return memoryview(out.getvalue())

    monkeypatch.setattr(foreign, "ask", ask)
