"""`python -m services.notifications`: this service alone, in its own process."""

from services.chassis.main import main
from services.notifications.wiring import NOTIFICATIONS

if __name__ == "__main__":
    main(NOTIFICATIONS)
