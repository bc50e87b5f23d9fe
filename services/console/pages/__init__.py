"""The pages, one module for each area. Each has its `ROUTES`, and is added here."""

from services.console.pages import home, inbox, sign_in
from services.console.web.route import Route

ROUTES: tuple[Route, ...] = (
    *sign_in.ROUTES,
    *home.ROUTES,
    *inbox.ROUTES,
)
