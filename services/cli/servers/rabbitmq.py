"""A private RabbitMQ."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from services.cli.servers.leftovers import Leftovers
from services.cli.servers.support import (
    LOOPBACK,
    ServerFailed,
    ServerMissing,
    answers,
    end,
    free_port,
    launch,
    wait_until,
)

MISSING = "RabbitMQ is not installed; on Debian or Ubuntu: apt-get install rabbitmq-server"
USER = "doorstroom"
# The port that nodes and rabbitmqctl speak through would be open to the network.
LOOPBACK_ONLY = "-kernel inet_dist_use_interface {127,0,0,1}"
CONTROL_SECONDS = 60
# A quorum queue that a client asks for before it has elected itself, after a restart, may wait for ever for its leader
# (rabbitmq-server issue 10070). Asking one that has its leader changes nothing.
ELECT_LEADERS = "[ra:trigger_election(amqqueue:get_pid(Q)) || Q <- rabbit_amqqueue:list(), amqqueue:is_quorum(Q)]."
# The runtime would spin while it has nothing to do, and take the cores from everyone else.
NO_SPINNING = "+sbwt none +sbwtdcpu none +sbwtdio none"


class PrivateRabbitMQ:
    """A RabbitMQ node in `folder`, reachable on loopback with credentials of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._programs = _programs()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._distribution_port = free_port()
        self._epmd_port = free_port()

    @property
    def url(self) -> str:
        """The address of the node's own virtual host."""
        password = (self._folder / "password").read_text().strip()
        return self.url_of(USER, password)

    def start(self) -> None:
        """Make the node if it is not there, and start it with every feature flag. Raises ServerFailed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        leftovers = Leftovers(self._folder)
        leftovers.end(signal.SIGTERM)
        self._end_former_port_mapper()
        self._configure()
        log = self._folder / "rabbitmq.log"
        self._process = launch([str(self._programs / "rabbitmq-server")], log, None, self._environment())
        leftovers.note(self._process.pid)
        wait_until(lambda: answers(self.port), self._process, log)
        self.control("await_startup", "--timeout", "60")
        self.control("eval", ELECT_LEADERS)
        # At-least-once dead-lettering needs the flag of stream queues.
        self.control("enable_feature_flag", "all")

    def stop(self) -> None:
        """Stop it cleanly, and the port mapper that it started."""
        if self._process is not None and self._process.poll() is None:
            end(self._process, signal.SIGTERM)
        self._end_port_mapper(self._epmd_port)

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(CONTROL_SECONDS)
            # The runtime is a grandchild, and may outlive its shell by a moment.
            while answers(self.port):
                time.sleep(0.05)

    def wipe(self) -> None:
        """Start it again with nothing: no queue, no message, and no binding."""
        self.stop()
        shutil.rmtree(self._folder / "mnesia")
        self.start()

    def take(self, definitions: Mapping[str, object]) -> None:
        """Make these users, permissions and exchanges, or change them. Raises ServerFailed."""
        file = self._folder / "definitions.json"
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_text(json.dumps(definitions))
        self.control("import_definitions", str(file))

    def url_of(self, user: str, password: str) -> str:
        """The address of the node's own virtual host, for another user than its own."""
        return f"amqp://{user}:{password}@{LOOPBACK}:{self.port}/%2F"

    def control(self, *arguments: str) -> str:
        """Run rabbitmqctl against this node. Raises ServerFailed."""
        done = subprocess.run(  # noqa: S603 - a fixed program with our own arguments
            [str(self._programs / "rabbitmqctl"), "--quiet", *arguments],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CONTROL_SECONDS * 2,
            check=False,
        )
        if done.returncode != 0:
            message = f"rabbitmqctl {arguments[0]} failed; the node's log is {self._folder / 'rabbitmq.log'}"
            raise ServerFailed(message)
        return done.stdout

    def _configure(self) -> None:
        password = self._folder / "password"
        if not password.exists():
            password.touch(mode=0o600)
            password.write_text(secrets.token_urlsafe(24))
            cookie = self._folder / ".erlang.cookie"
            cookie.write_text(secrets.token_hex(20))
            cookie.chmod(0o400)
        configuration = self._folder / "rabbitmq.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            f"listeners.tcp.default = {LOOPBACK}:{self.port}\n"
            f"default_user = {USER}\n"
            f"default_pass = {password.read_text()}\n"
            "loopback_users = none\n"
            "disk_free_limit.absolute = 50MB\n"
            "log.console = true\n"
            "log.file = false\n"
        )
        (self._folder / "enabled_plugins").write_text("[].\n")

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LC_ALL": "C.UTF-8",
            "HOME": str(self._folder),
            # What it stored belongs to this name; our own port mapper keeps it from meeting another of the same.
            "RABBITMQ_NODENAME": "doorstroom@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_DIR": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq.conf"),
            "RABBITMQ_PID_FILE": str(self._folder / "rabbitmq.pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{NO_SPINNING} {LOOPBACK_ONLY}",
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(self._epmd_port),
        }

    def _end_former_port_mapper(self) -> None:
        noted = self._folder / "epmd-port"
        if noted.exists():
            self._end_port_mapper(int(noted.read_text()))
        noted.write_text(str(self._epmd_port))

    def _end_port_mapper(self, port: int) -> None:
        program = shutil.which("epmd")
        if program is not None:
            subprocess.run(  # noqa: S603 - as above; it ends only the mapper on our own port
                [program, "-port", str(port), "-kill"],
                env=self._environment(),
                capture_output=True,
                timeout=CONTROL_SECONDS,
                check=False,
            )


def _programs() -> Path:
    """The folder with the server's programs. Raises ServerMissing."""
    # Debian's wrapper on the PATH changes the user; the programs behind it do not.
    folder = Path("/usr/lib/rabbitmq/bin")
    if (folder / "rabbitmq-server").exists():
        return folder
    found = shutil.which("rabbitmq-server")
    if found is None:
        raise ServerMissing(MISSING)
    return Path(found).resolve().parent
