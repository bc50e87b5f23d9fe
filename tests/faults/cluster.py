"""Three RabbitMQ nodes on loopback, one of which may be killed, stand still, or be cut off from the others."""

import os
import secrets
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from services.cli.servers import PrivateRabbitMQ
from services.cli.servers.support import free_port

NODES = 3
CUT_OFF = "[begin erlang:set_cookie(N, cut), erlang:disconnect_node(N) end || N <- nodes()]."
"""The others know another secret from now on, so no connection to them succeeds."""
REJOIN = "[erlang:set_cookie(list_to_atom(N), erlang:get_cookie()) || N <- [{names}]]."
LEAD = "[rabbit_quorum_queue:transfer_leadership(Q, {node}) || Q <- rabbit_amqqueue:list(), amqqueue:is_quorum(Q)]."
LEADERS = "[element(2, amqqueue:get_pid(Q)) || Q <- rabbit_amqqueue:list(), amqqueue:is_quorum(Q)]."


class Node(PrivateRabbitMQ):
    """One node of a cluster, whose members share a secret and a port mapper."""

    def __init__(self, folder: Path, number: int, epmd_port: int, secret: str) -> None:
        super().__init__(folder)
        self.name = f"doorstroom-{number}@localhost"
        self._epmd_port = epmd_port
        self._secret = secret

    def _configure(self) -> None:
        first = not (self._folder / "password").exists()
        super()._configure()
        if first:
            (self._folder / "password").write_text(self._secret)
            cookie = self._folder / ".erlang.cookie"
            cookie.unlink()
            cookie.write_text(self._secret)
            cookie.chmod(0o400)
            super()._configure()
        with (self._folder / "rabbitmq.conf").open("a") as configuration:
            # As the documentation advises for three nodes: a minority does not answer.
            configuration.write("cluster_partition_handling = pause_minority\n")
            configuration.write("cluster_formation.peer_discovery_backend = classic_config\n")
            for number in range(1, NODES + 1):
                configuration.write(
                    f"cluster_formation.classic_config.nodes.{number} = doorstroom-{number}@localhost\n"
                )

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "RABBITMQ_NODENAME": self.name}

    def _end_former_port_mapper(self) -> None:
        """It is shared, and ends with the cluster."""

    def _end_port_mapper(self, port: int) -> None:
        """As above."""

    def end_port_mapper(self) -> None:
        super()._end_port_mapper(self._epmd_port)

    def signal(self, number: signal.Signals) -> None:
        """To the whole group: the runtime is a grandchild of the shell that was started."""
        assert self._process is not None
        os.killpg(self._process.pid, number)

    def cut_off(self) -> None:
        """No other node reaches this one from now on."""
        self.control("eval", CUT_OFF)

    def rejoin(self, others: Sequence["Node"]) -> None:
        """They reach it again."""
        names = ", ".join(f'"{other.name}"' for other in others if other is not self)
        self.control("eval", REJOIN.format(names=names))

    def lead(self) -> None:
        """Become the leader of every queue."""
        self.control("eval", LEAD.format(node=f"'{self.name}'"))

    def leads(self) -> int:
        """Of how many queues it is the leader."""
        return self.control("eval", LEADERS).count(self.name)


@contextmanager
def cluster(data: Path) -> Iterator[list[Node]]:
    """Three nodes that know each other."""
    port, secret = free_port(), secrets.token_hex(16)
    nodes = [Node(data / "rabbitmq-1", 1, port, secret)]
    try:
        # The first makes the cluster that the others join. Their ports are chosen late, while they are still free.
        nodes[0].start()
        nodes += [Node(data / f"rabbitmq-{number}", number, port, secret) for number in range(2, NODES + 1)]
        with ThreadPoolExecutor(NODES) as starters:
            list(starters.map(Node.start, nodes[1:]))
        yield nodes
    finally:
        with ThreadPoolExecutor(NODES) as stoppers:
            list(stoppers.map(Node.stop, nodes))
        nodes[0].end_port_mapper()
