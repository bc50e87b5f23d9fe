"""Identity: who a request comes from, by a signed access token (OAuth 2 NL GOV profile)."""

from services.chassis.identity.certificates import ClientCertificate
from services.chassis.identity.claims import ClaimNames
from services.chassis.identity.development import DevelopmentIssuer
from services.chassis.identity.keys import ALGORITHMS, Keys, KeySet
from services.chassis.identity.principal import Principal, Role
from services.chassis.identity.remote_keys import Pace, RemoteKeys
from services.chassis.identity.verifier import TokenVerifier

__all__ = [
    "ALGORITHMS",
    "ClaimNames",
    "ClientCertificate",
    "DevelopmentIssuer",
    "KeySet",
    "Keys",
    "Pace",
    "Principal",
    "RemoteKeys",
    "Role",
    "TokenVerifier",
]
