"""The first page, the language, and the files that pages load."""

from aiohttp import web

from schemas.texts import Language
from services.console.web import navigation
from services.console.web.addresses import inside
from services.console.web.cookies import LANGUAGE_SECONDS, Cookie
from services.console.web.headers import STATIC
from services.console.web.refusals import Refused, to_sign_in
from services.console.web.route import ANYONE, Route
from services.console.web.visit import Visit


async def home(visit: Visit) -> web.Response:
    """Where the role of whoever looks begins."""
    if visit.role is None:
        return to_sign_in(visit)
    return visit.redirect(navigation.of(visit.role)[0].path)


async def choose_language(visit: Visit) -> web.Response:
    """Remember it, and show the same page in it."""
    chosen = visit.form.get("language")
    if chosen not in set(Language):
        raise Refused(400)
    visit.cookies[Cookie.LANGUAGE] = (chosen, LANGUAGE_SECONDS)
    return visit.redirect(inside(visit.form.get("back")))


async def static(visit: Visit) -> web.Response:
    """A file; under the address of another version of it, nobody keeps it."""
    file = visit.site.renderer.files.get(visit.request.match_info["name"])
    if file is None:
        raise Refused(404)
    response = web.Response(body=file.content, headers={"Content-Type": file.media_type})
    response.headers["Cache-Control"] = STATIC if visit.request.query.get("v") == file.version else "no-cache"
    return visit.finished(response)


ROUTES = (
    Route("GET", "/", ANYONE, home),
    Route("POST", "/language", ANYONE, choose_language),
    Route("GET", "/static/{name}", ANYONE, static),
)
