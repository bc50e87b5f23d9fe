"""Who may do what, on whose objects: the only place that says so. What is not here, nobody may do.

Each service is given its part of the table and does not start when an operation of its API has no line, or a line no
operation. `doorstroom access` prints it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """The part that a client plays, as its access token says."""

    COORDINATOR = "coordinator"
    HELPDESK = "helpdesk"
    PROVIDER = "provider"
    MUNICIPALITY = "municipality"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Whose(StrEnum):
    """On which objects a role may use an operation."""

    OWN = "own"
    """Those of the organisation that the token names; anyone else's look as if they did not exist."""
    ALL = "all"
    """Every organisation's."""
    NONE = "none"
    """It is about no organisation's objects, such as the national numbers."""


@dataclass(frozen=True, slots=True)
class Access:
    """One line of the table."""

    scope: str
    """What the token must be for."""
    whose: Mapping[Role, Whose]
    """The roles that may, each with the objects on which it may."""
    only_seen_by: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    """Fields of the answer, each with the roles that see it; for the others it is left empty."""

    @property
    def roles(self) -> frozenset[Role]:
        """Who may use it at all."""
        return frozenset(self.whose)

    def shows(self, field_name: str, role: Role) -> bool:
        """Whether the role sees the field. Raises KeyError for a field of which the table says nothing."""
        return role in self.only_seen_by[field_name]


Table = Mapping[str, Access]
"""Lines by operation id."""
_Line = tuple[str, *tuple[Whose | None, ...]]


OWN, ALL, NONE, ____ = Whose.OWN, Whose.ALL, Whose.NONE, None

# Fields that only some of those see who may use an operation at all. A part of a field's values has a name after `#`.
_OF_DECISIONS = {
    "considered.entryId": frozenset({Role.AUDITOR}),
    "considered.reasons#place": frozenset({Role.AUDITOR}),
    "counted.reasons#place": frozenset({Role.AUDITOR}),
    "vacancyId": frozenset({Role.AUDITOR}),
    "digest": frozenset({Role.AUDITOR}),
}
"""A coordinator sees who was considered as positions only, and not where the place is or that it differs by place."""
FIELDS: Mapping[str, Mapping[str, frozenset[Role]]] = {
    "getDecisionOfOffer": _OF_DECISIONS,
    "listDecisions": _OF_DECISIONS,
    "getDecision": _OF_DECISIONS,
}

# fmt: off
_LINES: Mapping[str, Mapping[str, _Line]] = {
    "registry": {
        # operation                     scope            COORDINATOR HELPDESK PROVIDER MUNICIPALITY AUDITOR OPERATOR
        "registerCase":                ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "getCase":                     ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "getHelpdeskReference":        ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "referCase":                   ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "listReferrals":               ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "referGroup":                  ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "listMembers":                 ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "addMember":                   ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "changeMember":                ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "removeMember":                ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "getPreferences":              ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "setPreferences":              ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "listExclusions":              ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "addExclusion":                ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "liftExclusion":               ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "getExclusionBackground":      ("personal-data", OWN,        OWN,     ____,    ____,        ____,   ____),
        "listConsents":                ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "giveConsent":                 ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "withdrawConsent":             ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "getReflectionPeriod":         ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "startReflectionPeriod":       ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "endReflectionPeriod":         ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "getPermit":                   ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "grantPermit":                 ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "logContactAttempt":           ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "listContactAttempts":         ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "recordPlacement":             ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "listPlacements":              ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "reviewPlacement":             ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "endPlacement":                ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "mergeCases":                  ("write",         OWN,        ALL,     ____,    ____,        ____,   ____),
        "listCaseMergers":             ("read",          OWN,        ALL,     ____,    ____,        ____,   ____),
        "undoCaseMerger":              ("write",         OWN,        ALL,     ____,    ____,        ____,   ____),
        "getPersonalData":             ("personal-data", OWN,        OWN,     ____,    ____,        ____,   ____),
        "replacePersonalData":         ("personal-data", OWN,        OWN,     ____,    ____,        ____,   ____),
        "erasePersonalData":           ("personal-data", OWN,        OWN,     ____,    ____,        ____,   ____),
        "listWaitlists":               ("read",          NONE,       NONE,    ____,    ____,        ____,   ____),
        "joinWaitlist":                ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "listEntries":                 ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "getEntry":                    ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "leaveWaitlist":               ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "pauseEntry":                  ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "resumeEntry":                 ("write",         OWN,        OWN,     ____,    ____,        ____,   ____),
        "getPosition":                 ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "listOffers":                  ("read",          OWN,        OWN,     ____,    ____,        ____,   ____),
        "getOffer":                    ("read",          OWN,        ALL,     ____,    ____,        ____,   ____),
        "acceptOffer":                 ("write",         OWN,        ALL,     ____,    ____,        ____,   ____),
        "declineOffer":                ("write",         OWN,        ALL,     ____,    ____,        ____,   ____),
        "undoAnswer":                  ("write",         OWN,        ALL,     ____,    ____,        ____,   ____),
        "getDecisionOfOffer":          ("read",          OWN,        OWN,     ____,    ____,        ALL,    ____),
        "listDecisions":               ("read",          ____,       ____,    ____,    ____,        ALL,    ____),
        "getDecision":                 ("read",          OWN,        OWN,     ____,    ____,        ALL,    ____),
        "replayDecision":              ("read",          OWN,        OWN,     ____,    ____,        ALL,    ____),
        "commitDraw":                  ("write",         ____,       NONE,    ____,    ____,        ____,   NONE),
        "publishDraw":                 ("write",         ____,       NONE,    ____,    ____,        ____,   NONE),
        "listDraws":                   ("read",          NONE,       NONE,    ____,    ____,        NONE,   NONE),
        "listLots":                    ("read",          ALL,        ALL,     ____,    ____,        ALL,    ALL),
        "getChain":                    ("read",          ____,       ALL,     ____,    ____,        ALL,    ____),
        "getMonths":                   ("read",          ____,       ALL,     ____,    ____,        ALL,    ____),
        "listRegistryQuarantine":      ("read",          ____,       ALL,     ____,    ____,        ALL,    ALL),
        "replayRegistryMessage":       ("write",         ____,       ALL,     ____,    ____,        ____,   ALL),
        "dropRegistryMessage":         ("write",         ____,       ALL,     ____,    ____,        ____,   ALL),
        "verifyRegistryAuditLog":      ("read",          ____,       ALL,     ____,    ____,        ALL,    ALL),
    },
    "shelters": {
        # operation                     scope            COORDINATOR HELPDESK PROVIDER MUNICIPALITY AUDITOR OPERATOR
        "registerProvider":            ("manage",        ____,       ____,    ____,    ____,        ____,   ALL),
        "registerFacility":            ("manage",        ____,       ____,    ____,    ____,        ____,   ALL),
        "listFacilities":              ("read",          ____,       ____,    OWN,     ____,        ____,   ALL),
        "closeFacility":               ("write",         ____,       ____,    OWN,     ____,        ____,   ALL),
        "reopenFacility":              ("write",         ____,       ____,    OWN,     ____,        ____,   ALL),
        "setContract":                 ("manage",        ____,       ____,    ____,    ____,        ____,   ALL),
        "listContracts":               ("read",          ____,       ____,    OWN,     ____,        ____,   ALL),
        "endContract":                 ("manage",        ____,       ____,    ____,    ____,        ____,   ALL),
        "addUnit":                     ("write",         ____,       ____,    OWN,     ____,        ____,   ____),
        "listUnits":                   ("read",          ____,       ____,    OWN,     ____,        ____,   ____),
        "suspendUnit":                 ("write",         ____,       ____,    OWN,     ____,        ____,   ____),
        "postVacancy":                 ("write",         ____,       ____,    OWN,     ____,        ____,   ____),
        "postVacancies":               ("write",         ____,       ____,    OWN,     ____,        ____,   ____),
        "affirmVacancy":               ("write",         ____,       ____,    OWN,     ____,        ____,   ____),
        "withdrawVacancy":             ("write",         ____,       ____,    OWN,     ____,        ____,   ____),
        "confirmArrival":              ("write",         ____,       ____,    OWN,     ____,        ____,   ____),
        "reportNoShow":                ("write",         ____,       ____,    OWN,     ____,        ____,   ____),
        "listStays":                   ("read",          ____,       ____,    OWN,     ____,        ____,   ____),
        "expectExit":                  ("write",         ____,       ____,    OWN,     ____,        ____,   ____),
        "recordDeparture":             ("write",         ____,       ____,    OWN,     ____,        ____,   ____),
        "listEnquiries":               ("read",          ____,       ____,    OWN,     ____,        ____,   ____),
        "agreeToEnquiry":              ("write",         ____,       ____,    OWN,     ____,        ____,   ____),
        "refuseEnquiry":               ("write",         ____,       ____,    OWN,     ____,        ____,   ____),
        "streamUnitChanges":           ("read",          ____,       ____,    OWN,     ____,        ____,   ____),
        "getWeeklyOverview":           ("read",          ____,       ALL,     OWN,     ____,        ALL,    ALL),
        "getOccupancy":                ("read",          ____,       ALL,     OWN,     ____,        ALL,    ALL),
        "listSheltersQuarantine":      ("read",          ____,       ALL,     ____,    ____,        ALL,    ALL),
        "replaySheltersMessage":       ("write",         ____,       ALL,     ____,    ____,        ____,   ALL),
        "dropSheltersMessage":         ("write",         ____,       ALL,     ____,    ____,        ____,   ALL),
        "verifySheltersAuditLog":      ("read",          ____,       ALL,     ____,    ____,        ALL,    ALL),
    },
    "municipalities": {
        # operation                     scope            COORDINATOR HELPDESK PROVIDER MUNICIPALITY AUDITOR OPERATOR
        "registerMunicipality":        ("manage",        ____,       ____,    ____,    ____,        ____,   ALL),
        "listMunicipalities":          ("read",          ____,       ALL,     ____,    ALL,         ALL,    ALL),
        "mergeMunicipalities":         ("manage",        ____,       ____,    ____,    ____,        ____,   ALL),
        "listMunicipalityMergers":     ("read",          ____,       ____,    ____,    ALL,         ALL,    ALL),
        "withdrawMunicipalityMerger":  ("manage",        ____,       ____,    ____,    ____,        ____,   ALL),
        "setSupervisionLadder":        ("manage",        ____,       ____,    ____,    ____,        ____,   NONE),
        "listSupervisionLadders":      ("read",          ____,       ____,    ____,    NONE,        NONE,   NONE),
        "setQuotas":                   ("manage",        ____,       ____,    ____,    ____,        ____,   ALL),
        "listQuotas":                  ("read",          ____,       ALL,     ____,    OWN,         ALL,    ALL),
        "swapQuota":                   ("manage",        ____,       ____,    ____,    ____,        ____,   ALL),
        "listQuotaSwaps":              ("read",          ____,       ____,    ____,    OWN,         ALL,    ALL),
        "listHalfYears":               ("read",          ____,       ____,    ____,    NONE,        NONE,   NONE),
        "openSlot":                    ("write",         ____,       ____,    ____,    OWN,         ____,   ____),
        "listSlots":                   ("read",          ____,       ____,    ____,    OWN,         ____,   ____),
        "withdrawSlot":                ("write",         ____,       ____,    ____,    OWN,         ____,   ____),
        "claimHousehold":              ("write",         ____,       ____,    ____,    OWN,         ____,   ____),
        "listClaims":                  ("read",          ____,       ____,    ____,    OWN,         ____,   ____),
        "getClaim":                    ("read",          ____,       ____,    ____,    OWN,         ____,   ____),
        "houseHousehold":              ("write",         ____,       ____,    ____,    OWN,         ____,   ____),
        "reverseClaim":                ("write",         ____,       ____,    ____,    OWN,         ____,   ____),
        "streamQuotaChanges":          ("read",          ____,       ____,    ____,    OWN,         ALL,    ALL),
        "listMunicipalitiesQuarantine": ("read",         ____,       ALL,     ____,    ____,        ALL,    ALL),
        "replayMunicipalitiesMessage": ("write",         ____,       ALL,     ____,    ____,        ____,   ALL),
        "dropMunicipalitiesMessage":   ("write",         ____,       ALL,     ____,    ____,        ____,   ALL),
        "verifyMunicipalitiesAuditLog": ("read",         ____,       ALL,     ____,    ____,        ALL,    ALL),
    },
    "notifications": {
        # operation                     scope            COORDINATOR HELPDESK PROVIDER MUNICIPALITY AUDITOR OPERATOR
        "listNotifications":           ("read",          OWN,        OWN,     OWN,     ____,        ____,   ____),
        "streamNotifications":         ("read",          OWN,        OWN,     OWN,     ____,        ____,   ____),
        "getNotificationPreferences":  ("read",          OWN,        OWN,     OWN,     ____,        ____,   ____),
        "setNotificationPreferences":  ("subscribe",     OWN,        OWN,     OWN,     ____,        ____,   ____),
        "readNotificationEvents":      ("read",          OWN,        OWN,     OWN,     ____,        ____,   ____),
        "subscribe":                   ("subscribe",     OWN,        OWN,     OWN,     ____,        ____,   ____),
        "listSubscriptions":           ("read",          OWN,        OWN,     OWN,     ____,        ____,   ____),
        "getSubscription":             ("read",          OWN,        OWN,     OWN,     ____,        ____,   ____),
        "changeSubscription":          ("subscribe",     OWN,        OWN,     OWN,     ____,        ____,   ____),
        "removeSubscription":          ("subscribe",     OWN,        OWN,     OWN,     ____,        ____,   ____),
        "pauseSubscription":           ("subscribe",     OWN,        OWN,     OWN,     ____,        ____,   ____),
        "resumeSubscription":          ("subscribe",     OWN,        OWN,     OWN,     ____,        ____,   ____),
        "testSubscription":            ("subscribe",     OWN,        OWN,     OWN,     ____,        ____,   ____),
        "rotateSecret":                ("subscribe",     OWN,        OWN,     OWN,     ____,        ____,   ____),
        "recoverDeliveries":           ("subscribe",     OWN,        OWN,     OWN,     ____,        ____,   ____),
        "listDeliveries":              ("read",          OWN,        OWN,     OWN,     ____,        ____,   ____),
        "getDelivery":                 ("read",          OWN,        OWN,     OWN,     ____,        ____,   ____),
        "resendDelivery":              ("subscribe",     OWN,        OWN,     OWN,     ____,        ____,   ____),
        "listNotificationsQuarantine": ("read",          ____,       ALL,     ____,    ____,        ALL,    ALL),
        "replayNotificationsMessage":  ("write",         ____,       ALL,     ____,    ____,        ____,   ALL),
        "dropNotificationsMessage":    ("write",         ____,       ALL,     ____,    ____,        ____,   ALL),
        "verifyNotificationsAuditLog": ("read",          ____,       ALL,     ____,    ____,        ALL,    ALL),
    },
}
# fmt: on


def _access(service: str, operation_id: str, line: _Line) -> Access:
    scope, *columns = line
    whose = {role: given for role, given in zip(Role, columns, strict=True) if given is not None}
    return Access(f"{service}:{scope}", whose, FIELDS.get(operation_id, {}))


ACCESS: Mapping[str, Table] = {
    service: {operation_id: _access(service, operation_id, line) for operation_id, line in lines.items()}
    for service, lines in _LINES.items()
}
"""The table of each service that has operations."""
