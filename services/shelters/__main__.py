"""`python -m services.shelters`: this service alone, in its own process."""

from services.chassis.main import main
from services.shelters.wiring import SHELTERS

if __name__ == "__main__":
    main(SHELTERS)
