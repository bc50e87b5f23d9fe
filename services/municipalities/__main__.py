"""`python -m services.municipalities`: this service alone, in its own process."""

from services.chassis.main import main
from services.municipalities.wiring import MUNICIPALITIES

if __name__ == "__main__":
    main(MUNICIPALITIES)
