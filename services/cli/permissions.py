"""Who may do what at RabbitMQ: a user for each service and each organisation with a queue, and no right too many.

Services make their own queues, since one that finds its queue gone has to say so first; the exchanges are made here, so
that no service can do anything to them. What a pattern of a topic permission covers is the routing key of what is
published (`write`) and of what a queue is bound with (`read`): https://www.rabbitmq.com/docs/access-control.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.catalogue import MESSAGES
from services.chassis.broker.topology import Queue, Topology, said_again
from services.chassis.wiring import topology
from services.cli.embedded import SERVICES
from services.notifications.channels.amqp import queue as agency_queue
from services.notifications.channels.amqp import routing_key as agency_key
from services.notifications.wiring import NOTIFICATIONS

Definitions = dict[str, Any]

NOTHING = "^$"
"""A pattern that no name fits."""
ALGORITHM = "rabbit_password_hashing_sha256"
SALT_BYTES = 4
AGENCY_LIMITS = {"max-connections": 5, "max-channels": 20}


@dataclass(frozen=True, slots=True)
class Rights:
    """What one user may do: to which queues and exchanges, and on these with which routing keys."""

    user: str
    configure: Sequence[str] = ()
    write: Sequence[str] = ()
    read: Sequence[str] = ()
    publishes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By exchange, the routing keys; one that ends in `#` stands for any that goes on."""
    binds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By exchange, the patterns."""
    limits: Mapping[str, int] = field(default_factory=dict)


def service_user(service: str) -> str:
    """The user of a service."""
    return f"service-{service}"


def agency_user(organisation: str) -> str:
    """The user of an organisation."""
    return f"agency-{organisation}"


def rights(prefix: str, agencies: Sequence[str]) -> tuple[Rights, ...]:
    """Of every user, when these organisations have a queue."""
    queues = tuple(agency_queue(prefix, organisation) for organisation in sorted(set(agencies)))
    of_services = (
        _of_service(
            definition.name,
            definition.queue(prefix),
            queues if definition.name == NOTIFICATIONS.name else (),
            topology(prefix, [definition.queue(prefix), *queues]),
            agencies,
        )
        for definition in SERVICES
    )
    of_agencies = (
        Rights(agency_user(organisation), read=[agency_queue(prefix, organisation).name], limits=AGENCY_LIMITS)
        for organisation in sorted(set(agencies))
    )
    return (*of_services, *of_agencies)


def _of_service(
    service: str, own: Queue, for_others: Sequence[Queue], whole: Topology, agencies: Sequence[str]
) -> Rights:
    declared = [name for queue in (own, *for_others) for name in (queue.name, queue.quarantine_name)]
    exchanges = [whole.exchange, whole.dead_letter_exchange]
    quarantines = [queue.quarantine_name for queue in (own, *for_others)]
    return Rights(
        service_user(service),
        configure=declared,
        # To bind a queue is to write to it and to read from the exchange; to name where its dead letters go is to read
        # from it and to write there.
        write=[*declared, *exchanges],
        read=[*declared, *exchanges],
        publishes={whole.exchange: _published(service, agencies), whole.dead_letter_exchange: quarantines},
        binds={
            whole.exchange: [pattern for queue in (own, *for_others) for pattern in queue.bindings],
            whole.dead_letter_exchange: quarantines,
        },
    )


def _published(service: str, agencies: Sequence[str]) -> list[str]:
    """The routing keys of what is this service's to say."""
    facts = [key for message in MESSAGES if message.owner in (service, None) for key in message.routing_keys]
    told = sorted(set(agencies)) if service == NOTIFICATIONS.name else []
    return [*facts, *map(agency_key, told), said_again(service)]


def definitions(prefix: str, vhost: str, agencies: Sequence[str], passwords: Mapping[str, str]) -> Definitions:
    """What `rabbitmqctl import_definitions` takes: users, permissions and exchanges.

    A user without a password in `passwords` cannot log in with any.
    """
    exchanges = topology(prefix, [])
    everyone = rights(prefix, agencies)
    return {
        "vhosts": [{"name": vhost}],
        "users": [_user(each, passwords.get(each.user)) for each in everyone],
        "permissions": [_permission(each, vhost) for each in everyone],
        "topic_permissions": [found for each in everyone for found in _topic_permissions(each, vhost)],
        "exchanges": [_exchange(name, vhost) for name in (exchanges.exchange, exchanges.dead_letter_exchange)],
    }


def _user(each: Rights, password: str | None) -> Definitions:
    hashed = "" if password is None else hashed_password(password, secrets.token_bytes(SALT_BYTES))
    return {
        "name": each.user,
        "password_hash": hashed,
        "hashing_algorithm": ALGORITHM,
        "tags": [],
        "limits": dict(each.limits),
    }


def hashed_password(password: str, salt: bytes) -> str:
    """A password as RabbitMQ keeps it (https://www.rabbitmq.com/docs/passwords): ours are long and made by chance."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _permission(each: Rights, vhost: str) -> Definitions:
    return {
        "user": each.user,
        "vhost": vhost,
        "configure": pattern(each.configure),
        "write": pattern(each.write),
        "read": pattern(each.read),
    }


def _topic_permissions(each: Rights, vhost: str) -> list[Definitions]:
    return [
        {
            "user": each.user,
            "vhost": vhost,
            "exchange": exchange,
            "write": pattern(keys).replace(r"\#", ".+"),
            "read": pattern(each.binds[exchange]),
        }
        for exchange, keys in each.publishes.items()
    ]


def _exchange(name: str, vhost: str) -> Definitions:
    return {
        "name": name,
        "vhost": vhost,
        "type": "topic",
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def pattern(names: Iterable[str]) -> str:
    """A regular expression that these names fit, and no other."""
    escaped = [re.sub(r"[^A-Za-z0-9_-]", lambda found: f"\\{found[0]}", name) for name in names]
    return f"^({'|'.join(escaped)})$" if escaped else NOTHING
