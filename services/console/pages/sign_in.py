"""Signing in and out."""

from datetime import timedelta
from urllib.parse import urlencode

from aiohttp import web
from pydantic import ValidationError

from services.console.failures import Reason, SignInFailed
from services.console.grants import Grant
from services.console.oidc.provider import RETURN_PATH, SIGNED_OUT_PATH, Pending, Provider
from services.console.web.addresses import inside
from services.console.web.cookies import SIGN_IN_SECONDS, Cookie, drop_cookie, read_cookie
from services.console.web.refusals import Refused, failed_sign_in
from services.console.web.route import ANYONE, EVERYONE, Route
from services.console.web.visit import Visit

PURPOSE = "sign-in"


async def sign_in(visit: Visit) -> web.Response:
    """Where somebody begins who is not signed in."""
    leads_to = inside(visit.request.query.get("to"))
    if visit.session is not None:
        return visit.redirect(leads_to)
    users = {} if visit.site.demo is None else visit.site.demo.by_role()
    start = f"/sign-in/start?{urlencode({'to': leads_to})}"
    provider = visit.site.provider is not None
    return visit.page("sign_in.html", users=users, provider=provider, start=start, leads_to=leads_to)


async def choose(visit: Visit) -> web.Response:
    """Be a demo user."""
    if visit.site.demo is None:
        raise Refused(404)
    grant = visit.site.demo.grant(visit.form.get("user", ""))
    return await _enter(visit, grant, inside(visit.form.get("to")))


async def start(visit: Visit) -> web.Response:
    """Go to the provider, with what only this browser can come back with."""
    provider, site = _provider(visit), visit.site
    pending = Pending.new(inside(visit.request.query.get("to")), site.seal.new_secret)
    address = await provider.begin(pending, site.address())
    sealed = site.seal.close(PURPOSE, "", pending.model_dump_json().encode(), visit.now)
    visit.cookies[Cookie.SIGN_IN] = (sealed.decode(), SIGN_IN_SECONDS)
    return visit.redirect(address)


async def come_back(visit: Visit) -> web.Response:
    """Somebody comes from the provider: once for each time they went there."""
    provider, site = _provider(visit), visit.site
    try:
        pending = _pending(visit)
        grant = await provider.finish(visit.request.query, pending, site.address())
    except SignInFailed as failure:
        response = await failed_sign_in(visit, failure)
    else:
        response = await _enter(visit, grant, pending.leads_to)
    drop_cookie(response, Cookie.SIGN_IN, secure=site.secure)
    return response


async def sign_out(visit: Visit) -> web.Response:
    """End the session here, and then at the provider."""
    site = visit.site
    await site.sessions.sign_out(visit.signed_in)
    visit.session = None
    leads_to = None if site.provider is None else site.provider.leave(site.address())
    return visit.redirect(leads_to or SIGNED_OUT_PATH)


async def signed_out(visit: Visit) -> web.Response:
    """It is done."""
    return visit.page("signed_out.html")


async def _enter(visit: Visit, grant: Grant, leads_to: str) -> web.Response:
    before = read_cookie(visit.request, Cookie.SESSION, secure=visit.site.secure)
    visit.session = await visit.site.sessions.begin(grant, before)
    visit.cookies[Cookie.SESSION] = (visit.session.secret, None)
    return visit.redirect(leads_to)


def _provider(visit: Visit) -> Provider:
    if visit.site.provider is None:
        raise Refused(404)
    return visit.site.provider


def _pending(visit: Visit) -> Pending:
    """What was begun in this browser. Raises SignInFailed."""
    sealed = read_cookie(visit.request, Cookie.SIGN_IN, secure=visit.site.secure) or ""
    ages = timedelta(seconds=SIGN_IN_SECONDS)
    content = visit.site.seal.open(PURPOSE, "", sealed.encode(errors="replace"), visit.now, ages)
    if content is None:
        raise SignInFailed(Reason.NOT_BEGUN, "nothing was begun in this browser, or too long ago")
    try:
        return Pending.model_validate_json(content)
    except ValidationError:
        raise SignInFailed(Reason.NOT_BEGUN, "it was begun with another version of the console") from None


ROUTES = (
    Route("GET", "/sign-in", ANYONE, sign_in),
    Route("POST", "/sign-in", ANYONE, choose),
    Route("GET", "/sign-in/start", ANYONE, start),
    Route("GET", RETURN_PATH, ANYONE, come_back),
    Route("POST", "/sign-out", EVERYONE, sign_out),
    Route("GET", SIGNED_OUT_PATH, ANYONE, signed_out),
)
