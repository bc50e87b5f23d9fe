"""`python -m services.identity`: this service alone, in its own process. It needs a database, and no broker."""

from services.chassis.main import run
from services.identity.settings import Settings
from services.identity.wiring import process

if __name__ == "__main__":
    run(Settings, process)
