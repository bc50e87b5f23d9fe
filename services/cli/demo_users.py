"""Who anybody on this machine may be in the console: somebody of every role, from the sample."""

from services.chassis.identity import Role
from services.cli.cast import SCOPES
from services.cli.sample import COORDINATORS, MUNICIPALITIES, PROVIDERS
from services.console.demo import DemoUser

HELPDESK = "comensha"


def demo_users() -> list[DemoUser]:
    """All of them. Their organisations are those of the sample, and no person is among them."""
    regions = [name for name in COORDINATORS if name != HELPDESK]
    return [
        *(_user(Role.COORDINATOR, name, name) for name in regions),
        _user(Role.HELPDESK, HELPDESK, HELPDESK),
        *(_user(Role.PROVIDER, name, name) for name in PROVIDERS),
        *(_user(Role.MUNICIPALITY, code, name) for code, name, *_ in MUNICIPALITIES),
        _user(Role.AUDITOR, "auditor", "auditor"),
        _user(Role.OPERATOR, HELPDESK, HELPDESK),
    ]


def _user(role: Role, organisation: str, title: str) -> DemoUser:
    return DemoUser(f"{role}-{organisation}".lower(), title, organisation, role, SCOPES[role])
