"""One request of a person: who they are, in which language they read, and how they are answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from aiohttp import web
from yarl import URL

from doorstroom_client import Client, RetryPolicy
from schemas.texts import Language
from services.chassis.identity import Role
from services.chassis.web import negotiation
from services.console.seal import SECRET_CHARACTERS
from services.console.sessions import Session
from services.console.web import navigation
from services.console.web.addresses import HOME
from services.console.web.cookies import Cookie, drop_cookie, read_cookie, set_cookie
from services.console.web.formats import NETHERLANDS
from services.console.web.headers import page_headers
from services.console.web.lines import LIVE, STREAMS
from services.console.web.site import Site
from services.console.web.told import TOLD

SEE_OTHER, FIRST_REFUSAL = 303, 400
BY_ITSELF = "Doorstroom-By-Itself"
"""The header with which a page asks when nobody did anything."""
PATIENCE = RetryPolicy(attempts=2, longest_wait_seconds=0.5, retry_after_limit_seconds=1.0, timeout_seconds=4.0)
"""Somebody waits for the page: rather a clear word soon than an answer late."""


@dataclass(slots=True)
class Visit:
    """What a page is made from."""

    request: web.Request
    site: Site
    now: datetime
    language: Language
    session: Session | None = None
    had_session: bool = False
    """The browser has the name of a session, which may be over."""
    is_locked: bool = False
    """The session hears that there is something, and sees nothing."""
    form: Mapping[str, str] = field(default_factory=dict)
    """What was sent, where a form was; its mark was checked."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What was sent with it, by the names of the fields."""
    visitor: str = ""
    """A secret of the browser, where nobody is signed in."""
    cookies: dict[Cookie, tuple[str, int | None]] = field(default_factory=dict)
    """To be set with the answer, each until the browser is closed or for so many seconds."""

    @classmethod
    def begin(cls, request: web.Request, site: Site) -> "Visit":
        """Whoever it is."""
        secure = site.secure
        chosen = read_cookie(request, Cookie.LANGUAGE, secure=secure)
        language = Language(chosen) if chosen in set(Language) else negotiation.language(request)
        visit = cls(request, site, site.clock(), language)
        visitor = read_cookie(request, Cookie.VISITOR, secure=secure)
        visit.visitor = visitor if visitor is not None and len(visitor) == SECRET_CHARACTERS else ""
        return visit

    @property
    def today(self) -> date:
        """The day in the Netherlands."""
        return self.now.astimezone(NETHERLANDS).date()

    @property
    def is_by_itself(self) -> bool:
        """Whether the page asks, and not a person: that keeps no session alive."""
        return BY_ITSELF in self.request.headers or self.request.path == LIVE

    @property
    def signed_in(self) -> Session:
        """Who looks, on a page for those who are signed in."""
        assert self.session is not None, "the route says for whom it is"  # noqa: S101 - checked before every page
        return self.session

    @property
    def role(self) -> Role | None:
        """Their part, where somebody is signed in."""
        return None if self.session is None else self.session.grant.role

    @property
    def client(self) -> Client:
        """The public APIs, with the access token of whoever looks."""
        site, token = self.site, self.signed_in.grant.access_token
        return Client(site.connections.session, site.endpoints(), token, PATIENCE)

    @property
    def browser(self) -> str:
        """The secret that this browser's forms are tied to; made when there is none."""
        if self.session is not None:
            return self.session.secret
        if not self.visitor:
            self.visitor = self.site.seal.new_secret()
            self.cookies[Cookie.VISITOR] = (self.visitor, None)
        return self.visitor

    def page(self, template: str, status: int = 200, **values: Any) -> web.Response:  # noqa: ANN401 - whatever it shows
        """The page that this template makes of these values."""
        shown = {
            **values,
            "mark": self.site.seal.mark(self.browser),
            "session": self.session,
            "navigation": navigation.of(self.role),
            "here": self.request.path,
            "back": self.request.path_qs if self.request.method == "GET" and status < FIRST_REFUSAL else HOME,
            "told": TOLD.get(self.request.query.get("told", "")),
            "lock_seconds": int(self.site.lock.total_seconds()),
            "is_live": self.role in STREAMS and self.request.method == "GET" and status < FIRST_REFUSAL,
            "demo": self.site.demo is not None,
        }
        text = self.site.renderer.render(template, self.language, self.now, shown)
        return self.finished(web.Response(text=text, status=status, content_type="text/html", charset="utf-8"))

    def redirect(self, path: str, told: str | None = None) -> web.Response:
        """To another page, which may tell what was done: one of the words of `TOLD`."""
        address = URL(path, encoded=True) if told is None else URL(path).update_query(told=told)
        return self.finished(web.Response(status=SEE_OTHER, headers={"Location": str(address)}))

    def finished(self, response: web.Response) -> web.Response:
        """With everything that an answer of the console has."""
        provider = self.site.provider
        response.headers.update(page_headers(None if provider is None else provider.origin))
        response.headers["Content-Language"] = self.language
        for cookie, (value, seconds) in self.cookies.items():
            set_cookie(response, cookie, value, secure=self.site.secure, seconds=seconds)
        if self.session is None and self.had_session and not self.is_locked:
            drop_cookie(response, Cookie.SESSION, secure=self.site.secure)
        return response
