"""What each role sees and does in the console, on the sample."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest

from doorstroom_client import Endpoints
from schemas.api.registry import NewCase, NewEntry
from schemas.vocabulary import AgeBand, Purpose, Sex
from services.chassis.identity import DevelopmentIssuer
from services.chassis.settings import Mode
from services.cli.cast import Cast
from tests.integration.console.conftest import Enter
from tests.support.oidc_provider import Browser, Page
from tests.support.waiting import eventually

COORDINATORS = tuple(f"coordinator-coordination-{name}" for name in ("noord", "midden", "zuid"))


@pytest.fixture
async def inbox(sign_in: Enter) -> tuple[Browser, Page]:
    """The inbox of a coordinator for whom an offer waits."""
    return await with_an_offer(sign_in)


async def with_an_offer(sign_in: Enter) -> tuple[Browser, Page]:
    """A provider posts a place: the coordinator of whoever is next, and their inbox."""
    provider, board = await with_a_unit(sign_in)
    await act(provider, board, "/post")
    browsers = [await sign_in(user) for user in (*COORDINATORS, "helpdesk-comensha")]

    async def offered() -> tuple[Browser, Page] | None:
        for browser in browsers:
            page = await browser.get("/inbox")
            if "/accept" in page.text:
                return browser, page
        return None

    return await eventually(offered)  # type: ignore[return-value] # until there is one


def link(page: Page, ending: str) -> str:
    """The first link that ends so."""
    found = re.search(rf'(?:href|action)="([^"]*{ending})"', page.text)
    assert found is not None, page.text
    return found.group(1)


async def act(browser: Browser, page: Page, ending: str, **form: str) -> Page:
    """Send the form of this page whose address ends so; the page after it."""
    path = link(page, ending)
    key = re.search(rf'action="{path}">.*?name="key" value="([^"]+)"', page.text, re.DOTALL)
    assert key is not None, page.text
    answer = await browser.send(page, path, key=key.group(1), **form)
    return await browser.follow(answer)


async def test_an_offer_is_accepted_in_two_steps(inbox: tuple[Browser, Page]) -> None:
    """From the inbox: accept, and yes. Sent twice, it has its effect once."""
    browser, page = inbox
    asked = await browser.get(link(page, "/accept"))
    assert "countdown" in asked.text
    done = await act(browser, asked, "/accept")
    assert "Aangenomen. De plek is voor hen" in done.text
    again = await act(browser, asked, "/accept")
    assert "Aangenomen. De plek is voor hen" in again.text
    late = await browser.follow(await browser.get(link(page, "/accept")))
    assert "al beantwoord" in late.text


async def test_an_offer_is_declined_with_a_reason(inbox: tuple[Browser, Page]) -> None:
    """Without one, the page asks for it, in words."""
    browser, page = inbox
    asked = await browser.get(link(page, "/decline"))
    without = await act(browser, asked, "/decline")
    assert without.status == 400
    assert "Kies een reden." in without.text
    unknown = await act(browser, asked, "/decline", reason="because")
    assert unknown.status == 400
    done = await act(browser, without, "/decline", reason="unsuitable")
    assert "Afgewezen. De plek is doorgegaan" in done.text
    assert "past niet bij hen" in done.text


async def test_of_two_answers_the_second_is_told_that_it_was_too_late(inbox: tuple[Browser, Page]) -> None:
    """Two people of one organisation, each with the page open."""
    browser, page = inbox
    accepting, declining = await browser.get(link(page, "/accept")), await browser.get(link(page, "/decline"))
    await act(browser, accepting, "/accept")
    late = await act(browser, declining, "/decline", reason="other")
    assert "iemand was u voor" in late.text


async def test_what_is_somebody_elses_looks_as_if_it_were_not_there(sign_in: Enter) -> None:
    """By its address too."""
    browser, page = await with_an_offer(sign_in)
    case = link(page, "/cases/[0-9a-f-]{36}")
    assert (await browser.get(case)).status == 200
    others = [await sign_in(user) for user in COORDINATORS]
    statuses = sorted([(await other.get(case)).status for other in others])
    assert statuses.count(404) >= len(COORDINATORS) - 1
    assert (await others[0].get("/cases/not-an-id")).status == 404


async def test_a_case_says_in_words_where_it_stands(sign_in: Enter) -> None:
    """And can stand aside and come back."""
    browser = await sign_in("coordinator-coordination-zuid")
    cases = await browser.get("/cases")
    waiting = re.findall(r'href="(/cases/[0-9a-f-]{36})".*?</tr>', cases.text, re.DOTALL)
    pages = [await browser.get(path) for path in waiting]
    page = next(page for page in pages if "/pause" in page.text)
    assert "Nummer" in page.text
    paused = await act(browser, page, "/pause")
    assert "Zij staan op pauze" in paused.text
    resumed = await act(browser, paused, "/resume")
    assert "Zij staan weer in de rij" in resumed.text


async def test_a_place_is_posted_affirmed_and_taken_back(sign_in: Enter) -> None:
    """By its provider, on one board."""
    browser, page = await with_a_unit(sign_in)
    posted = await act(browser, page, "/post")
    assert "Gemeld." in posted.text
    board = await browser.get("/beds")
    affirmed = await act(browser, board, "/affirm")
    assert "nog vrij" in affirmed.text
    asked = await browser.get(link(affirmed, "/withdraw"))
    without = await act(browser, asked, "/withdraw")
    assert (without.status, "Kies een reden." in without.text) == (400, True)
    lapsed = await act(browser, asked, "/withdraw", reason="lapsed")
    assert lapsed.status == 400
    done = await act(browser, without, "/withdraw", reason="maintenance")
    assert "De plek wordt niemand aangeboden" in done.text


async def with_a_unit(sign_in: Enter) -> tuple[Browser, Page]:
    for name in ("noord", "midden", "zuid"):
        browser = await sign_in(f"provider-shelter-{name}")
        page = await browser.get("/beds")
        if "/post" in page.text:
            return browser, page
    raise AssertionError("the sample has a unit that is out of service")


async def test_a_home_is_opened_and_taken_back(sign_in: Enter) -> None:
    """By its municipality; a number that is none is told beside the field."""
    browser = await sign_in("municipality-gm0344")
    page = await browser.get("/slots")
    wrong = await act(browser, page, "/slots", places="<b>many</b>")
    assert wrong.status == 400
    assert "Geef een heel getal" in wrong.text
    assert "many" not in wrong.text
    opened = await act(browser, wrong, "/slots", places="3", wheelchair="yes")
    assert "De woning staat open" in opened.text
    assert "Voor 3 mensen, geschikt voor een rolstoel" in opened.text
    back = await act(browser, opened, "/withdraw")
    assert "De woning wordt niemand aangeboden" in back.text


async def test_a_household_is_claimed_housed_and_a_claim_taken_back(sign_in: Enter) -> None:
    """From a home to people in it, across two roles."""
    browser = await sign_in("municipality-gm0344")
    await act(browser, await browser.get("/slots"), "/slots", places="2")

    async def offered() -> tuple[Browser, Page] | None:
        for user in (*COORDINATORS, "helpdesk-comensha"):
            other = await sign_in(user)
            page = await other.get("/inbox")
            if "Woning" in page.text.partition("<main")[2].partition("</ul>")[0]:
                return other, page
        return None

    coordinator, page = await eventually(offered)  # type: ignore[misc] # until there is one
    home = re.search(r"<h2>Woning</h2>.*?href=\"(/offers/[^\"]+/accept)\"", page.text, re.DOTALL)
    assert home is not None
    await act(coordinator, await coordinator.get(home.group(1)), "/accept")

    async def accepted() -> Page | None:
        page = await browser.get("/slots")
        return page if "/claim" in page.text else None

    claimed = await act(browser, await eventually(accepted), "/claim")  # type: ignore[arg-type] # until there is one
    assert "Geclaimd. Binnen tien weken" in claimed.text
    asked = await browser.get(link(claimed, "/reverse"))
    assert (await act(browser, asked, "/reverse")).status == 400
    on_another_day = await browser.get(re.findall(r'href="(/claims/[^"]+/house)"', claimed.text)[0])
    wrong = await act(browser, on_another_day, "/house", on="2999-01-01", people="many")
    assert (wrong.status, "Geef een dag in het verleden" in wrong.text) == (400, True)
    assert "Geef een heel getal van 1 tot en met 40" in wrong.text
    housed = await act(browser, on_another_day, "/house", people="2")
    assert "Zij zijn ingetrokken" in housed.text
    quota = await browser.get("/quota")
    assert re.search(r"2 van \d+ mensen zijn ingetrokken", quota.text)


@pytest.mark.parametrize("user", ["auditor-auditor", "operator-comensha"])
async def test_those_who_watch_see_every_municipality(sign_in: Enter, user: str) -> None:
    """By name, and how far each is."""
    browser = await sign_in(user)
    page = await browser.get("/quota")
    assert "Amsterdam" in page.text
    assert "Utrecht" in page.text


PAGES = {
    "coordinator-coordination-zuid": ("/inbox", "/cases"),
    "helpdesk-comensha": ("/inbox", "/cases"),
    "provider-shelter-noord": ("/beds", "/beds/import"),
    "municipality-gm0344": ("/slots", "/quota"),
    "auditor-auditor": ("/quota",),
}


@pytest.mark.parametrize(("user", "paths"), PAGES.items())
async def test_every_page_is_safe_small_and_in_both_languages(
    sign_in: Enter, user: str, paths: tuple[str, ...]
) -> None:
    """Nothing from elsewhere, no code or style inside, nothing kept, and no text without its Dutch."""
    browser = await sign_in(user)
    for path in paths:
        dutch, english = await browser.get(path), await browser.get(path, **{"Accept-Language": "en"})
        assert (dutch.status, english.status) == (200, 200)
        assert 'lang="nl"' in dutch.text
        assert 'lang="en"' in english.text
        for page in (dutch, english):
            assert page.headers["Cache-Control"] == "no-store"
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
            assert not re.search(r"<script(?![^>]*src=\"/static/)|<style| style=| on[a-z]+=|https?://", page.text)
        loaded = [await browser.get(address) for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', dutch.text)]
        assert all("immutable" in file.headers["Cache-Control"] for file in loaded)
        assert sum(len(page.text.encode()) for page in (dutch, *loaded)) < 100 * 1024


async def test_a_case_shows_who_tried_where_not_to_go_and_everything_that_happened(sign_in: Enter) -> None:
    """Each is noted in one step; what is wrong is told beside the field."""
    browser = await sign_in("coordinator-coordination-zuid")
    case = await browser.get(link(await browser.get("/cases"), "/cases/[0-9a-f-]{36}"))
    asked = await browser.get(link(case, "/contact"))
    assert (await act(browser, asked, "/contact", channel="telephone")).status == 400
    noted = await act(browser, asked, "/contact", channel="telephone", outcome="not_reached")
    assert "per telefoon, niet bereikt" in noted.text
    asked = await browser.get(link(case, "/exclude"))
    both = {"region": "limburg", "municipality": "GM0344", "reason": "family_there"}
    assert "één van beide" in (await act(browser, asked, "/exclude", **both)).text
    excluded = await act(browser, asked, "/exclude", region="limburg", reason="family_there")
    assert "De uitsluiting van Limburg opheffen" in excluded.text
    lifted = await act(browser, excluded, "/lift")
    assert "Er is niets uitgesloten" in lifted.text
    happened = await browser.get(link(case, "/timeline"))
    for text in ("Geregistreerd", "per telefoon, niet bereikt", "Een plek werd uitgesloten", "werd opgeheven"):
        assert text in happened.text
    assert "Er is familie" not in happened.text


async def test_a_case_stands_aside_until_a_day(sign_in: Enter) -> None:
    """A day in the past is none."""
    browser = await sign_in("coordinator-coordination-zuid")
    waiting = re.findall(r'href="(/cases/[0-9a-f-]{36})"', (await browser.get("/cases")).text)
    pages = [await browser.get(path) for path in waiting]
    page = next(page for page in pages if "/pause" in page.text)
    wrong = await act(browser, page, "/pause", until="2020-01-01")
    assert (wrong.status, "Geef een dag vanaf morgen" in wrong.text) == (400, True)
    tomorrow = datetime.now(UTC).date() + timedelta(days=2)
    assert "Zij staan op pauze" in (await act(browser, page, "/pause", until=str(tomorrow))).text


async def test_a_task_is_shown_as_it_stood_on_a_day(sign_in: Enter) -> None:
    """And of another half-year; what is no day is told, and what is no half-year leads nowhere."""
    browser = await sign_in("municipality-gm0344")
    now = await browser.get("/quota")
    assert re.search(r"Na \d van de zes maanden wordt \d/6 van de taakstelling gevraagd", now.text)
    today = datetime.now(UTC).date()
    assert "aan het einde van" in (await browser.get(f"/quota?on={today}")).text
    assert "is nog niet vastgesteld" in (await browser.get("/quota?half=2031-H1")).text
    wrong = await browser.get("/quota?on=2999-01-01")
    assert (wrong.status, "Geef een dag in het verleden" in wrong.text) == (400, True)
    assert (await browser.get("/quota?half=spring")).status == 404


SHEET = "opvangvorm;plaatsen;geslachten;leeftijden;kinderen\nomm;{};male;23-plus;nee\n"


async def send_sheet(browser: Browser, content: str) -> Page:
    """Choose this file, and look."""
    page = await browser.get("/beds/import")
    form = aiohttp.FormData({"mark": page.field("mark")})
    form.add_field("file", BytesIO(content.encode()), filename="beds.csv", content_type="text/csv")
    return await browser.post("/beds/import", form)  # type: ignore[arg-type] # as aiohttp takes it


async def test_a_spreadsheet_is_looked_at_and_then_posted(sign_in: Enter) -> None:
    """As a whole; sent again, it has its effect once. What is wrong with a file is told with its lines, in Dutch."""
    browser = await sign_in("provider-shelter-noord")
    wrong = await send_sheet(browser, SHEET.format("<b>many</b>"))
    assert (wrong.status, "regel 2" in wrong.text) == (400, True)
    assert "een heel getal van 1 tot en met 20" in wrong.text
    assert "many" not in wrong.text
    seen = await send_sheet(browser, SHEET.format(7))
    assert "Eén plek zou worden gemeld" in seen.text
    assert "Wordt toegevoegd en gemeld" in seen.text
    assert "7 plekken" not in (await browser.get("/beds")).text
    plan = seen.field("plan")
    for _ in range(2):
        board = await act(browser, seen, "/beds/import/post", plan=plan)
        assert "Allemaal gemeld" in board.text
    assert board.text.count("7 plekken") == 1
    again = await send_sheet(browser, SHEET.format(7))
    assert "Niets: al in gebruik" in again.text
    assert (await browser.send(seen, "/beds/import/post", key=seen.field("key"), plan="AAAA")).status == 400
    too_large = await send_sheet(browser, "x" * 1_100_000)
    assert too_large.status == 413


async def test_a_provider_that_decides_for_itself_is_asked_and_answers(
    sign_in: Enter, console: str, tmp_path: Path
) -> None:
    """Who it is about is a household and never a name; a refusal has a reason, and whoever is next is asked about."""
    issuer = DevelopmentIssuer(tmp_path / "data", Mode.EMBEDDED)
    async with aiohttp.ClientSession() as session:
        coordinator = Cast(issuer, session, Endpoints.at(console)).coordinator("coordination-noord")
        for band in (AgeBand.AGE_18_TO_22, AgeBand.AGE_23_PLUS):
            new = NewCase(sex=Sex.FEMALE, age_band=band, adults=1, children=1, consents=[Purpose.SHELTER])
            case = await coordinator.register_case(new)
            await coordinator.join_waitlist(NewEntry(case_id=case.case_id, waitlist="vo"))
    browser = await sign_in("provider-shelter-noord")
    vo = "opvangvorm;plaatsen;geslachten;leeftijden;kinderen\nvo;4;female;alle;ja\n"
    seen = await send_sheet(browser, vo)
    await act(browser, seen, "/beds/import/post", plan=seen.field("plan"))

    async def asked(who: str) -> Page | None:
        page = await browser.get("/beds")
        return page if who in page.text else None

    board = await eventually(lambda: asked("18 tot en met 22"))
    assert board is not None
    refusing = await browser.get(link(board, "/refuse"))
    assert (await act(browser, refusing, "/refuse")).status == 400
    assert "U wordt gevraagd naar wie daarna" in (await act(browser, refusing, "/refuse", reason="not_suitable")).text
    board = await eventually(lambda: asked("23 of ouder"))
    assert board is not None
    assert "Hun coördinator krijgt de plek" in (await act(browser, board, "/agree")).text


async def test_a_home_may_be_free_from_a_day_on(sign_in: Enter) -> None:
    """One that is to come."""
    browser = await sign_in("municipality-gm0344")
    page = await browser.get("/slots")
    wrong = await act(browser, page, "/slots", places="2", **{"from": "2020-01-01"})
    assert (wrong.status, "Geef een dag vanaf vandaag" in wrong.text) == (400, True)
    next_week = datetime.now(UTC).date() + timedelta(days=7)
    assert "De woning staat open" in (await act(browser, page, "/slots", places="2", **{"from": str(next_week)})).text
