"""Why somebody could not sign in: each has a page that says what to do."""

from enum import StrEnum


class Reason(StrEnum):
    """What went wrong, for the page and the log."""

    NOT_BEGUN = "not-begun"
    """Not in this browser, too long ago, or somebody made it up."""
    STOPPED = "stopped"
    """The provider says no, or whoever signed in did."""
    PROVIDER_AWAY = "provider-away"
    PROVIDER_WRONG = "provider-wrong"
    """It answers what is not to be believed, or does not know the console."""
    NO_ACCESS = "no-access"
    """They are known there; but their access token gives them no part here."""
    OVER = "over"
    """There is no next access token."""


class SignInFailed(Exception):
    """Nobody is signed in. `detail` is for the log, and holds nothing of what came from outside."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
