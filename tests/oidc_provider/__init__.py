"""npm's `oidc-provider`, an OpenID provider of other people's making, and a browser that logs in there."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import httpx
import pytest

OURS: Final = Path(__file__).parent
INSTALL_S: Final = 120
STEPS: Final = 20


@contextmanager
def running(folder: Path, port: int, callback: str, secret: Path) -> Iterator[str]:
    """Its issuer, with one client `csdl`. Skips where node or npm is not, or npm cannot fetch the package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed: the OpenID login is not tried against oidc-provider")
    for name in ("package.json", "package-lock.json", "provider.mjs"):
        shutil.copy(OURS / name, folder)
    install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot fetch oidc-provider: {done.stderr.strip().splitlines()[:1]}")
    command = [node, "provider.mjs", str(port), callback, str(secret)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == b"listens\n"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def log_in(browser: httpx.Client, url: str, callback: str, typed: Mapping[str, str]) -> str:
    """Where a browser is sent back to, when it has filled in what the provider's pages ask for."""
    answer = browser.get(url)
    for _ in range(STEPS):
        if answer.is_redirect:
            there = urljoin(str(answer.url), answer.headers["location"])
            if there.startswith(callback):
                return there
            answer = browser.get(there)
        else:
            form = _Form(answer.text)
            assert form.action, answer.text
            values = form.hidden | {name: typed[name] for name in form.asked if name in typed}
            answer = browser.post(urljoin(str(answer.url), form.action), data=values)
    raise AssertionError(f"the provider asks on and on: {answer.url}")


class _Form(HTMLParser):
    """The first form of a page: where it goes, what it holds, what it asks for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}
        self.asked: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of: dict[str, Any] = dict(attrs)
        if tag == "form":
            self.action = self.action or of.get("action", "")
        elif tag == "input" and self.action and of.get("name"):
            if of.get("type") == "hidden":
                self.hidden[of["name"]] = of.get("value") or ""
            else:
                self.asked.append(of["name"])
