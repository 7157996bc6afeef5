"""`csdl run NAME`: one long-lived process in the foreground."""

import click

from deploy import broker_rights, processes
from deploy.local.layout import DATA_DIR, PORT_BASE, Stack
from deploy.own_rights import OwnRights
from runtime import process as runner
from runtime import terms
from runtime.broker_settings import BrokersFit
from runtime.database_settings import DatabaseFits
from runtime.health import Servers
from runtime.process import Gate
from runtime.settings import Settings
from runtime.topic_admin import PartitionsFit
from runtime.turns import DatabaseTurn, FolderTurn
from schemas.topics import TERMS


@click.command()
@click.argument("process", metavar="PROCESS[-N]")
@click.option(
    "--standard-port", is_flag=True, help="Serve /metrics where Prometheus looks for this process by default."
)
def run(process: str, standard_port: bool) -> None:
    """Chạy một tiến trình — run one process of the pipeline until it is told to stop (SIGTERM, Ctrl-C).

    PROCESS-2 is the second of as many as CSDL_INSTANCES says.
    """
    settings = Settings()
    ours = processes.instance(settings, process)
    if standard_port:
        settings.http_port = Stack(DATA_DIR, PORT_BASE).port(ours.label)
    settings = settings.acting_as(ours.declared.principal)
    made = ours.declared.make(settings, ours.share)
    servers = needed(ours.declared, settings)
    runner.leave(runner.run(made, gates(ours, settings, servers), servers))


def needed(declared: processes.Declared, settings: Settings) -> Servers:
    """The servers without which it cannot work."""
    revision = None
    if declared.tables:
        from sinks.provincial.schema import expected  # contracts: not for machines

        revision = expected()
    return Servers(settings, kafka=declared.kafka, revision=revision)


def gates(ours: processes.Instance, settings: Settings, servers: Servers) -> list[Gate]:
    """What it waits for: its turn, its rights at Kafka, servers and topics as it needs them, the tables of
    its own code and its rights to them."""
    turn = f"{ours.declared.name}-{ours.share.number}"
    found: list[Gate] = []
    match ours.declared.turn:
        case processes.Turn.DATABASE:
            found.append(DatabaseTurn(settings, turn, servers, ours.share.of))
        case processes.Turn.FOLDER:
            found.append(FolderTurn(settings.data_dir, turn))
    if ours.declared.kafka:
        found.append(OwnRights(settings, list(broker_rights.of_process(ours.declared, settings.vendors))))
        found += [BrokersFit(settings), PartitionsFit(settings)]
    if TERMS in ours.declared.rereads:
        found.append(terms.Follower(settings))
    if ours.declared.tables:
        from sinks.provincial.granting import RightsHeld
        from sinks.provincial.schema import SchemaFits

        found += [DatabaseFits(settings), SchemaFits(settings), RightsHeld(settings, ours.declared.principal)]
    return found
