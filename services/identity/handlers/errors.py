"""What a token endpoint may answer when it gives no token (RFC 6749, section 5.2)."""


class OAuthError(Exception):
    """No token is given. `error` is OAuth's word for why, `description` says what to do and repeats no value."""

    status = 400
    error = "invalid_request"
    retry_after_seconds: int | None = None
    is_noted = True
    """Whether it is in the audit log: not where there may be no database to write it into."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description
        self.claimed_client: str | None = None
        """Which client the request says that it is of, proved or not."""


class InvalidRequest(OAuthError):
    """A parameter is missing, there twice, or not as it should be."""


class InvalidClient(OAuthError):
    """The client did not prove who it is."""

    status = 401
    error = "invalid_client"


class UnsupportedGrantType(OAuthError):
    """Only client credentials are given tokens here."""

    error = "unsupported_grant_type"


class InvalidScope(OAuthError):
    """More was asked for than the client was registered for."""

    error = "invalid_scope"


class TooMany(OAuthError):
    """The client asks for more tokens than it can need."""

    status = 429
    error = "temporarily_unavailable"
    retry_after_seconds = 60


class Busy(OAuthError):
    """More is asked at once than can be answered; or the database is away."""

    status = 503
    is_noted = False
    error = "temporarily_unavailable"
    retry_after_seconds = 2
