"""The web base: a service declares operations, and gets HTTP, access control, validation and a description."""

from schemas.api.paging import PageQuery
from services.chassis.identity.principal import Principal, Role
from services.chassis.web.application import build_application
from services.chassis.web.openapi import openapi
from services.chassis.web.operation import Api, Call, Contact, Operation, PlainRoute, PlainStream, Reply, Work
from services.chassis.web.paging import Page, Paging
from services.chassis.web.server import Runner
from services.chassis.web.settings import WebSettings
from services.chassis.web.stream import EventStream, Permission, ServerSentEvent, StreamClosed

__all__ = [
    "Api",
    "Call",
    "Contact",
    "EventStream",
    "Operation",
    "Page",
    "PageQuery",
    "Paging",
    "Permission",
    "PlainRoute",
    "PlainStream",
    "Principal",
    "Reply",
    "Role",
    "Runner",
    "ServerSentEvent",
    "StreamClosed",
    "WebSettings",
    "Work",
    "build_application",
    "openapi",
]
