"""The pages, one module for each area. Each has its `ROUTES`, and is added here."""

from services.console.pages import (
    audit,
    bed_import,
    beds,
    cases,
    chain,
    decisions,
    deliveries,
    draws,
    home,
    households,
    inbox,
    live,
    quarantine,
    quota,
    sign_in,
    slots,
    stays,
    timeline,
)
from services.console.web.route import Route

ROUTES: tuple[Route, ...] = (
    *sign_in.ROUTES,
    *home.ROUTES,
    *live.ROUTES,
    *inbox.ROUTES,
    *cases.ROUTES,
    *households.ROUTES,
    *timeline.ROUTES,
    *beds.ROUTES,
    *bed_import.ROUTES,
    *stays.ROUTES,
    *slots.ROUTES,
    *quota.ROUTES,
    *decisions.ROUTES,
    *deliveries.ROUTES,
    *draws.ROUTES,
    *chain.ROUTES,
    *quarantine.ROUTES,
    *audit.ROUTES,
)
