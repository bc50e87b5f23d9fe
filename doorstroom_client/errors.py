"""What can go wrong in a call."""

from schemas.api.problem import Problem


class ClientError(Exception):
    """The root of this client's errors."""


class ServerUnreachable(ClientError):
    """No answer, after every retry. The request may or may not have had its effect; send it again with its key."""


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
