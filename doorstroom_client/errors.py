"""What can go wrong in a call."""

from schemas.api.problem import Problem


class ClientError(Exception):
    """The root of this client's errors."""


class ServerUnreachable(ClientError):
    """No answer, after every retry. The request may or may not have had its effect; send it again with its key."""


class UnreadableAnswer(ClientError):
    """There was an answer, and it is not one of doorstroom's: a proxy's own page, a redirect, or too large a one."""


class TokenUnavailable(ClientError):
    """A token source has no access token to give. Raised by sources; the text says what to do."""


class WebhookRefused(ClientError):
    """What was delivered is not to be believed: its signature, its age or its form is wrong."""


class ProblemError(ClientError):
    """The server refused, and says why (RFC 9457)."""

    def __init__(self, problem: Problem) -> None:
        fields = "".join(f"; {field.pointer or 'body'}: {field.message}" for field in problem.errors or ())
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}{fields}")
        self.problem = problem

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status
