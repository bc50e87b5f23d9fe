"""`python -m services.cli.demo_console`: the console of `run-distributed --demo-users`, in a process of its own.

The launcher plays the identity provider of its own installation, and so does this: it has the launcher's key, and lets
whoever is on this machine be any user of the sample. Never for production.
"""

import os
from pathlib import Path

from yarl import URL

from services.chassis.clock import system_clock
from services.chassis.identity import DevelopmentIssuer
from services.chassis.main import run
from services.chassis.process import Process
from services.chassis.settings import Mode
from services.chassis.wiring import Unusable
from services.cli.demo_users import demo_users
from services.console.demo import DemoUsers
from services.console.settings import Settings
from services.console.web.addresses import is_loopback
from services.console.wiring import process

FOLDER = "DOORSTROOM_DEMO_FOLDER"
"""In the environment: where the launcher's key is."""


def demo_process(settings: Settings) -> Process:
    """The console, with everybody of the sample. Raises Unusable where anybody else could reach it."""
    address = settings.console_address
    if address is None or not is_loopback(settings.host) or not is_loopback(URL(address).host):
        raise Unusable("demo users are for this very machine alone: DOORSTROOM_HOST and DOORSTROOM_CONSOLE_ADDRESS")
    issuer = DevelopmentIssuer(Path(os.environ[FOLDER]), Mode.EMBEDDED)
    return process(settings, DemoUsers(issuer, demo_users(), system_clock))


if __name__ == "__main__":
    run(Settings, demo_process)
