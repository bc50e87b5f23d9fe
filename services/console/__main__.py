"""`python -m services.console`: the console alone, in its own process. It needs a database, and no broker."""

from services.chassis.main import run
from services.console.settings import Settings
from services.console.wiring import process

if __name__ == "__main__":
    run(Settings, process)
