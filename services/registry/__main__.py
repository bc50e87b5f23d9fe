"""`python -m services.registry`: this service alone, in its own process."""

from services.chassis.main import main
from services.registry.wiring import REGISTRY

if __name__ == "__main__":
    main(REGISTRY)
