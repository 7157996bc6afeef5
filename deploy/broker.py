"""A broker on a server: its settings, certificate and data folder, from one description of the cluster.

The description is the same on every machine of the cluster. Each broker is a controller, too. Clients log in
over TLS; brokers and controllers know each other by certificates of the cluster's own authority.
"""

import os
import shutil
import ssl
import subprocess
import sys
from base64 import urlsafe_b64encode
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NoReturn
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from kafka.admin import KafkaAdminClient, UserScramCredentialUpsertion
from kafka.errors import KafkaError
from pydantic import BaseModel, Field, ValidationError

from deploy.local import certificates, kafka, whole
from runtime import broker_settings, credentials
from runtime import kafka as clients
from runtime.accounts import SETUP
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

RELEASE: Final = Path(sys.prefix).resolve()
JARS: Final = RELEASE / "kafka"
JAVA: Final = RELEASE / "java/bin/java"
"""Of the release that runs (``deploy.install``): a link that is changed meanwhile changes nothing here."""

META: Final = "meta.properties"


class Node(BaseModel):
    """A machine of the cluster, by the name at which clients and the others reach it."""

    number: int = Field(ge=1)
    host: str = Field(min_length=1)


class Cluster(BaseModel):
    """``id`` as Kafka writes it. ``folder``: certificates and settings; ``data``: the logs'. ``loopback``: a
    port on 127.0.0.1 that takes the same logins without TLS, 0 for none."""

    id: str = Field(pattern=r"^[\w-]{22}$")
    nodes: list[Node] = Field(min_length=1)
    clients: int = 9092
    controllers: int = 9095  # 9093 and 9094 are Alertmanager's
    brokers: int = 9096
    loopback: int = 0
    folder: Path = Path("/etc/kafka")
    data: Path = Path("/var/lib/kafka/data")

    @property
    def replicas(self) -> int:
        """Of each topic."""
        return min(3, len(self.nodes))

    @property
    def in_sync(self) -> int:
        """Replicas that must have what is acknowledged: one broker may be away where there are three."""
        return 2 if self.replicas == 3 else 1

    def node(self, number: int) -> Node:
        """Raises ProblemList (KFK-002)."""
        for node in self.nodes:
            if node.number == number:
                return node
        raise ProblemList([Problem("KFK-002", params={"number": number})])

    @property
    def tls(self) -> Path:
        return self.folder / "tls"

    @property
    def properties(self) -> Path:
        return self.folder / "server.properties"


def read(path: Path) -> Cluster:
    """Raises ProblemList (KFK-001) for a description that is none."""
    try:
        return Cluster.model_validate_json(path.read_bytes())
    except OSError as fault:
        reason = type(fault).__name__
    except ValidationError as fault:
        reason = ", ".join(sorted({".".join(map(str, each["loc"])) or "JSON" for each in fault.errors()}))
    raise ProblemList([Problem("KFK-001", params={"path": path, "reason": reason})])


def new_id() -> str:
    """Of a new cluster; never with a dash first, which would be taken for an option."""
    while (made := urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return made


def certificate(cluster: Cluster, number: int) -> Path:
    """Key and certificate of a broker."""
    return cluster.tls / f"broker-{number}.pem"


def certify(cluster: Cluster, now: datetime | None = None) -> list[str]:
    """The cluster's authority and a certificate a broker, where they are missing or end soon; the files made.

    On one machine, whence the others get theirs: the authority's key leaves it never.
    """
    now, folder = now or datetime.now(UTC), cluster.tls
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    authority, key_file = folder / certificates.AUTHORITY, folder / certificates.AUTHORITY_KEY
    if not key_file.exists():
        key, root = certificates.authority(now, "CSDL Kafka authority")
        whole.write_private(key_file, certificates.key_text(key))
        whole.write(authority, certificates.text(root))
        made.append(str(authority))
    issuer = x509.load_pem_x509_certificate(authority.read_bytes())
    signer = serialization.load_pem_private_key(key_file.read_bytes(), None)
    assert isinstance(signer, certificates.Key)
    for node in cluster.nodes:
        path = certificate(cluster, node.number)
        if certificates.will_do(path, issuer, now) and not _unfit(cluster, node.number):
            continue
        hosts, addresses = (*certificates.HOSTS, node.host), certificates.ADDRESSES
        key, own = certificates.signed(signer, issuer, now, hosts, addresses)
        whole.write_private(path, certificates.key_text(key) + certificates.text(own))
        made.append(str(path))
    return made


def settings_file(cluster: Cluster, number: int) -> str:
    """Text of this broker's server.properties."""
    host, quorum = cluster.node(number).host, cluster.nodes
    loopback = f",LOOPBACK://127.0.0.1:{cluster.loopback}" if cluster.loopback else ""
    jaas = f"{credentials.MECHANISM.lower()}.sasl.jaas.config={kafka.LOGIN} required;\n"
    return _PROPERTIES.format(
        number=number,
        voters=",".join(f"{node.number}@{node.host}:{cluster.controllers}" for node in quorum),
        listeners=f"CLIENT://:{cluster.clients},BROKER://:{cluster.brokers}{loopback},"
        f"CONTROLLER://:{cluster.controllers}",
        advertised=f"CLIENT://{host}:{cluster.clients},BROKER://{host}:{cluster.brokers}{loopback}",
        logins="".join(f"listener.name.{each}.{jaas}" for each in ("client", "loopback")),
        mechanism=credentials.MECHANISM,
        certificate=certificate(cluster, number),
        authority=cluster.tls / certificates.AUTHORITY,
        itself=certificates.PRINCIPAL,
        setup=SETUP,
        data=cluster.data,
        settings=broker_settings.properties(replicas=cluster.replicas),
        replicas=cluster.replicas,
        in_sync=cluster.in_sync,
    )


def configure(cluster: Cluster, number: int) -> bool:
    """Write server.properties; whether it changed."""
    text = settings_file(cluster, number)
    if cluster.properties.exists() and cluster.properties.read_text(encoding="utf-8") == text:
        return False
    whole.write(cluster.properties, text)
    return True


def format_data(cluster: Cluster, number: int) -> bool:
    """Make the data folder of a new broker; False if it is there. Raises ProblemList (KFK-005, KFK-007)."""
    if of := _of_another(cluster, number):
        raise ProblemList([of])
    if _formatted(cluster):
        return False
    options = ("format", f"--cluster-id={cluster.id}", f"--config={cluster.properties}")
    done = subprocess.run(
        [str(JAVA), "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*", "kafka.tools.StorageTool", *options],
        capture_output=True, text=True, errors="replace",
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise ProblemList([Problem("KFK-007", params={"path": cluster.data, "reason": last})])
    return True


def run(cluster: Cluster, heap: str) -> NoReturn:
    """Become the broker."""
    temp = cluster.data.parent / "tmp"
    shutil.rmtree(temp, ignore_errors=True)  # a broker that was killed leaves its libraries
    temp.mkdir(parents=True)
    options = [f"-Xms{heap}", f"-Xmx{heap}", f"-Djava.io.tmpdir={temp}", *_JVM, *kafka.LOGGING]
    command = [str(JAVA), *options, "-cp", f"{JARS}/*", "kafka.Kafka", str(cluster.properties)]
    os.execv(JAVA, command)


def let_in(cluster: Cluster, number: int, password_file: Path) -> bool:
    """Make ``csdl-setup``, who makes everybody else, a user with the password of a file, by this broker's own
    certificate; False if it is one. Raises ProblemList (SYS-001, SEC-112), OSError."""
    tls = cluster.tls
    ours = Settings(
        bootstrap_servers=f"{cluster.node(number).host}:{cluster.clients}",
        kafka_user=SETUP, kafka_password_file=password_file, kafka_ca_file=tls / certificates.AUTHORITY,
    )  # fmt: skip
    password = credentials.password(ours)
    try:
        clients.admin(ours, bootstrap_timeout_ms=kafka.ANSWER_MS).close()
        return False
    except KafkaError:
        pass
    try:
        with closing(by_its_own(cluster, number)) as admin:
            wanted = [UserScramCredentialUpsertion(SETUP, credentials.MECHANISM, password)]
            refused = admin.alter_user_scram_credentials(wanted)
    except KafkaError:
        raise clients.away(_itself(cluster, number)) from None
    if any(said is not None for said in refused.values()):
        raise ProblemList([Problem("SEC-112", params={"name": SETUP})])
    return True


def by_its_own(cluster: Cluster, number: int) -> KafkaAdminClient:
    """A client that logs in by this broker's own certificate. Raises KafkaError, OSError."""
    context = ssl.create_default_context(cafile=str(cluster.tls / certificates.AUTHORITY))
    context.load_cert_chain(certificate(cluster, number))
    return clients.admin(_itself(cluster, number), ssl_context=context)


def _itself(cluster: Cluster, number: int) -> Settings:
    return Settings(
        bootstrap_servers=f"{cluster.node(number).host}:{cluster.brokers}",
        kafka_user="", kafka_password_file=Path(), kafka_ca_file=cluster.tls / certificates.AUTHORITY,
    )  # fmt: skip


def _of_another(cluster: Cluster, number: int) -> Problem | None:
    found = _formatted(cluster)
    if found is None or found == (cluster.id, str(number)):
        return None
    params = {"path": cluster.data, "found": found[0], "number": found[1], "id": cluster.id}
    return Problem("KFK-005", params=params)


def _formatted(cluster: Cluster) -> tuple[str, str] | None:
    """Cluster and number of the broker whose data lies there."""
    try:
        lines = (cluster.data / META).read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    return found.get("cluster.id", "?"), found.get("node.id", "?")


def _unfit(cluster: Cluster, number: int) -> str:
    """Why a certificate will not do for a broker: another's, ended, of another authority; "" if it will."""
    path = certificate(cluster, number)
    try:
        own = x509.load_pem_x509_certificate(path.read_bytes())
        issuer = x509.load_pem_x509_certificate((cluster.tls / certificates.AUTHORITY).read_bytes())
        own.verify_directly_issued_by(issuer)
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except Exception as fault:  # whatever is wrong with it, it will not do
        return type(fault).__name__
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if cluster.node(number).host not in names.get_values_for_type(x509.DNSName):
        return f"no {cluster.node(number).host}"
    if own.not_valid_after_utc <= datetime.now(UTC):
        return f"ended {own.not_valid_after_utc:%Y-%m-%d}"
    return "" if key.public_key() == own.public_key() else "another key"


_JVM: Final = (
    "-XX:+UseG1GC",
    "-XX:+ExitOnOutOfMemoryError",  # systemd starts it again
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
)

_PROPERTIES: Final = """\
# Made by csdl broker configure; changes are lost.
process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map=CLIENT:SASL_SSL,LOOPBACK:SASL_PLAINTEXT,BROKER:SSL,CONTROLLER:SSL
inter.broker.listener.name=BROKER
sasl.enabled.mechanisms={mechanism}
{logins}listener.name.broker.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={certificate}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
ssl.principal.mapping.rules=RULE:^CN=([^,]+)$/$1/
allow.everyone.if.no.acl.found=false
super.users=User:{itself};User:{setup}
log.dirs={data}
{settings}num.partitions=6
default.replication.factor={replicas}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replicas}
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
# A writer's time-out is kept to the second; as it comes, to 10 s.
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
group.min.session.timeout.ms=1000
"""
