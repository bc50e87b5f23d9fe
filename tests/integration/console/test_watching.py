"""What the helpdesk and auditors see and do in the console, on the sample."""

import asyncio
import json
import re
import sqlite3
from base64 import b64encode
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from tests.integration.console.conftest import Enter
from tests.support.oidc_provider import Page

HELPDESK, AUDITOR = "helpdesk-comensha", "auditor-auditor"


def link(page: Page, pattern: str) -> str:
    """The first address on the page that is so."""
    found = re.search(rf'(?:href|action)="({pattern})"', page.text)
    assert found is not None, page.text
    return found.group(1)


async def test_an_auditor_reads_a_decision_and_has_it_made_again(sign_in: Enter) -> None:
    """From the list, or by its id: who was passed over and why, the policy, and that it is the same byte for byte."""
    auditor = await sign_in(AUDITOR)
    listed = await auditor.get("/decisions")
    page = await auditor.get(link(listed, "/decisions/[0-9a-f-]{36}"))
    assert "urgency-then-waiting-since.v1/" in page.text
    again = await auditor.send(page, link(page, '/decisions/[^"]+/replay'))
    assert "dezelfde, byte voor byte" in again.text
    id_ = str(page.url).rpartition("/")[2]
    assert (await auditor.follow(await auditor.send(listed, "/decisions", decision=f" {id_} "))).url == page.url
    wrong = await auditor.send(listed, "/decisions", decision="<b>x</b>")
    assert (wrong.status, "Geef een heel kenmerk" in wrong.text, "<b>" in wrong.text) == (400, True, False)


async def test_a_draw_is_begun_and_ended_in_public(sign_in: Enter) -> None:
    """By the helpdesk; whoever looks sees the commitment at once and the seed when it is over."""
    helpdesk, auditor = await sign_in(HELPDESK), await sign_in(AUDITOR)
    page = await helpdesk.get("/draws")
    assert (await helpdesk.send(page, "/draws", waitlist="none", key=page.field("key"))).status == 400
    begun = await helpdesk.follow(await helpdesk.send(page, "/draws", waitlist="omm", key=page.field("key")))
    assert "De loting is begonnen" in begun.text
    path = link(begun, "/draws/[0-9a-f-]{36}")
    running = await helpdesk.get(path)
    assert "Begingetal" not in (await auditor.get(path)).text
    over = await helpdesk.follow(await helpdesk.send(running, f"{path}/publish", key=running.field("key")))
    assert "Het begingetal is openbaar" in over.text
    assert re.search(r"Begingetal</dt>\s*<dd class=\"mono\">[0-9a-f]{64}<", (await auditor.get(path)).text)
    assert (await auditor.send(await auditor.get("/draws"), "/draws", waitlist="omm")).status == 403


PAGES = {
    HELPDESK: ("/chain", "/deliveries", "/draws", "/quarantine", "/audit"),
    AUDITOR: ("/chain", "/decisions", "/draws", "/quarantine", "/audit"),
}


@pytest.mark.parametrize(("user", "paths"), PAGES.items())
async def test_every_page_is_safe_small_and_in_both_languages(
    sign_in: Enter, user: str, paths: tuple[str, ...]
) -> None:
    """Nothing from elsewhere, no code or style inside, nothing kept, and no text without its Dutch."""
    browser = await sign_in(user)
    for path in paths:
        dutch, english = await browser.get(path), await browser.get(path, **{"Accept-Language": "en"})
        assert (dutch.status, english.status) == (200, 200), path
        assert ('lang="nl"' in dutch.text, 'lang="en"' in english.text) == (True, True)
        for page in (dutch, english):
            assert page.headers["Cache-Control"] == "no-store"
            assert not re.search(r"<script(?![^>]*src=\"/static/)|<style| style=| on[a-z]+=|https?://", page.text)
        loaded = [await browser.get(address) for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', dutch.text)]
        assert sum(len(page.text.encode()) for page in (dutch, *loaded)) < 100 * 1024


async def test_the_chain_is_seen_at_a_glance(sign_in: Enter) -> None:
    """Lists, what runs out first, and provinces; by the helpdesk and by auditors."""
    for user in (HELPDESK, AUDITOR):
        page = await (await sign_in(user)).get("/chain")
        assert "huishoudens wachten" in page.text
        assert "Noord-Holland" in page.text


def keep_back(file: Path, row: Sequence[object]) -> None:
    """Put a message into the quarantine, without its moment."""
    columns = "id, routing_key, message_id, body, reason, attempts, status, received_at"
    with closing(sqlite3.connect(file)) as database, database:
        moment = database.execute("SELECT max(at) FROM audit_log").fetchall()[0][0]
        database.execute(f"INSERT INTO quarantine ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, moment))


def forge(file: Path) -> None:
    """Change a line of the audit log, whatever the database says to that."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DROP TRIGGER audit_log_no_update")
        database.execute("UPDATE audit_log SET organisation = 'somebody-else' WHERE sequence = 2")


async def test_a_message_that_could_not_be_handled_is_heard_again_when_it_is_repaired(
    sign_in: Enter, tmp_path: Path
) -> None:
    """Only by another text of the same id and type; an auditor looks on, and what it says is never shown."""
    id_, secret = str(uuid7()), "Jansen"
    broken = json.dumps({"id": id_, "type": "nl.doorstroom.beds.bed-freed", "data": secret}).encode()
    name = sha256(broken).hexdigest()
    row = (name, "beds.bed-freed", id_, b64encode(broken).decode(), "/data: is not an object", 3, "waiting")
    # In a thread: the services, in this loop, may be in the middle of a transaction that this has to wait for.
    await asyncio.to_thread(keep_back, tmp_path / "data/registry.sqlite3", row)
    helpdesk, auditor = await sign_in(HELPDESK), await sign_in(AUDITOR)
    path = link(await helpdesk.get("/quarantine"), "/quarantine/registry/[0-9a-f-]{36}")
    seen = await auditor.get(path)
    assert ("is not an object" in seen.text, secret in seen.text, "repaired" in seen.text) == (True, False, False)
    page = await helpdesk.get(path)
    keys = re.findall(r'name="key" value="([^"]+)"', page.text)
    as_it_is = await helpdesk.send(page, f"{path}/replay", key=keys[0])
    assert (as_it_is.status, "zou het alleen terugkomen" in as_it_is.text) == (400, True)
    other = await helpdesk.send(page, f"{path}/replay", key=str(uuid7()), repaired=json.dumps({"id": str(uuid7())}))
    assert (other.status, "Dit is een ander bericht" in other.text) == (400, True)
    assert (await auditor.send(seen, f"{path}/drop", key=keys[1])).status == 403
    dropped = await helpdesk.follow(await helpdesk.send(page, f"{path}/drop", key=keys[1]))
    assert "Weggelegd" in dropped.text
    assert (await helpdesk.get(path)).status == 404


async def test_an_audit_log_is_verified_from_a_noted_end_on(sign_in: Enter, tmp_path: Path) -> None:
    """As it was written; and after a line was changed, by whoever can change the database, that is said."""
    auditor = await sign_in(AUDITOR)
    page = await auditor.get("/audit")
    verified = await auditor.send(page, "/audit", service="registry")
    assert "Zoals het is geschreven" in verified.text
    end = re.search(r"registry:\d+:[0-9a-f]{64}", verified.text)
    assert end is not None
    assert "Zoals het is geschreven" in (await auditor.send(page, "/audit", noted=end[0])).text
    other = re.sub("[0-9a-f]{64}", "a" * 64, end[0])
    assert "Niet zoals het is geschreven" in (await auditor.send(page, "/audit", noted=other)).text
    assert (await auditor.send(page, "/audit", noted="registry")).status == 400
    await asyncio.to_thread(forge, tmp_path / "data/registry.sqlite3")
    changed = await auditor.send(page, "/audit", service="registry")
    assert "line 2 is not what was written" in changed.text


FIGURES = ("waiting", "occupancy", "speed", "quota", "flow")


async def test_each_picture_has_its_table_and_a_download(sign_in: Enter) -> None:
    """Drawn without any style or code in it; the download has the same numbers, and only for whoever sees the page."""
    helpdesk, provider = await sign_in(HELPDESK), await sign_in("provider-shelter-noord")
    for name in FIGURES:
        page = await helpdesk.get(f"/figures/{name}")
        assert "<svg" in page.text
        assert not re.search(r"<style|<script(?![^>]*src=\"/static/)| style=| on[a-z]+=", page.text)
        table = await helpdesk.get(link(page, f"/figures/{name}/table"))
        assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
        lines = table.text.lstrip("\ufeff").splitlines()
        assert len(lines) == page.text.count('<th scope="row">') + 1, name
        assert (await provider.get(f"/figures/{name}")).status == (200 if name == "occupancy" else 404)
    waiting = (await helpdesk.get("/figures/waiting/table")).text.splitlines()[-1].split(",")
    assert (waiting[1], waiting[3]) == ("24", "16")
    occupied = (await provider.get("/figures/occupancy/table")).text.splitlines()
    assert occupied[-1].split(",")[1:] == ["3", "12"]
