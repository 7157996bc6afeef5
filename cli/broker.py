"""`csdl broker`: a broker of Kafka on a server, from one description of its cluster."""

from pathlib import Path

import click

from cli.answers import tell
from deploy import broker as brokers
from deploy import broker_again

cluster_option = click.option(
    "--cluster",
    "description",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("/etc/kafka/cluster.json"),
    show_default=True,
    help="What the cluster is, the same on all its machines.",
)
node_option = click.option(
    "--node", type=int, envvar="CSDL_BROKER_NODE", required=True, help="Number of this machine's broker."
)


@click.group()
def broker() -> None:
    """Máy chủ Kafka — a broker: configured, made, run."""


@broker.command()
def new_id() -> None:
    """Mã cụm — print the id of a new cluster."""
    tell(brokers.new_id())


@broker.command()
@cluster_option
def certify(description: Path) -> None:
    """Chứng thư — make authority and certificates where missing or near their end; say which."""
    for path in brokers.certify(brokers.read(description)):
        tell(path)


@broker.command()
@cluster_option
@node_option
def configure(description: Path, node: int) -> None:
    """Cấu hình — write server.properties; say it if it was another."""
    cluster = brokers.read(description)
    if brokers.configure(cluster, node):
        tell(str(cluster.properties))


@broker.command("format")
@cluster_option
@node_option
def format_(description: Path, node: int) -> None:
    """Thư mục dữ liệu — make the data folder of a new broker; say it if it was made."""
    cluster = brokers.read(description)
    if brokers.format_data(cluster, node):
        tell(str(cluster.data))


@broker.command()
@cluster_option
@node_option
@click.option("--heap", envvar="CSDL_BROKER_HEAP", default="1g", show_default=True, help="As Java says it.")
def run(description: Path, node: int, heap: str) -> None:
    """Chạy — become the broker, in the foreground."""
    cluster = brokers.read(description)
    cluster.node(node)
    brokers.run(cluster, heap)


@broker.command()
@cluster_option
@node_option
def again(description: Path, node: int) -> None:
    """Khởi động lại khi cần — start it again if it began before its settings were written; say if it was.

    Waits until it has caught up with the others.
    """
    if broker_again.again(brokers.read(description), node):
        tell(broker_again.UNIT)


@broker.command("let-in")
@cluster_option
@node_option
@click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="Its password.",
)
def let_in(description: Path, node: int, password_file: Path) -> None:
    """Người dùng đầu tiên — make csdl-setup, who makes all others; say if it was none."""
    if brokers.let_in(brokers.read(description), node, password_file):
        tell("csdl-setup")


@broker.command()
@cluster_option
@node_option
@click.option(
    "--wait", "seconds", type=click.IntRange(0), default=0, show_default=True, help="So many seconds."
)
def whole(description: Path, node: int, seconds: int) -> None:
    """Đủ bản sao — does every broker have all that it should? Only then is the next one stopped."""
    broker_again.wait_until_whole(brokers.read(description), node, seconds)
