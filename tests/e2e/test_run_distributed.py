"""`doorstroom run-distributed`: the same demo on PostgreSQL, RabbitMQ and seven processes."""

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest
from playwright.async_api import expect

from services.chassis.clock import system_clock
from services.cli.servers import ServerMissing
from services.cli.servers.postgres import PrivatePostgreSQL
from tests.e2e.conftest import COMMAND, Program
from tests.e2e.test_run import STEPS
from tests.support.clients import RSA, assertion, form, public_jwk
from tests.support.windows import Windows, accepts, chromium, offered

pytestmark = pytest.mark.server


@pytest.fixture
def data(servers_folder: Path) -> Iterator[Path]:
    """A folder that the servers' own users may enter."""
    try:
        PrivatePostgreSQL(servers_folder / "probe")
    except ServerMissing as error:
        pytest.fail(str(error), pytrace=False)
    folder = servers_folder / f"distributed-{os.urandom(4).hex()}"
    yield folder
    assert [process.pid for process in left_behind(folder)] == []


def left_behind(folder: Path) -> list[psutil.Process]:
    """Processes that still work in this folder or for it."""
    found = []
    for process in psutil.process_iter():
        try:
            mine = str(folder) in " ".join(process.cmdline()) or str(folder) in str(process.environ().values())
        except psutil.Error:
            continue
        if mine and process.pid != os.getpid():
            found.append(process)
    return found


async def units_of_a_client(data: Path, output: str) -> int:
    """What a system gets that the operator registers, and that asks for a token with its own key."""
    roots = dict(re.findall(r"^  (\w+) +(http://127\.0\.0\.1:\d+) ", output, re.MULTILINE))
    key = data / "public.json"
    key.write_text(json.dumps(public_jwk(RSA)))
    options = ["--organisation", "shelter-noord", "--role", "provider", "--scope", "shelters:read"]
    command = [*COMMAND, "clients", "add", "client-1", "--key", str(key), *options, "--data", str(data)]
    added = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert added.returncode == 0, added.stderr
    made = assertion("client-1", "urn:doorstroom:identity", system_clock())
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{roots['identity']}/identity/v1/token", data=form(made)) as answer:
            assert answer.status == 200
            headers = {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
        async with session.get(f"{roots['shelters']}/shelters/v1/units", headers=headers) as answer:
            return answer.status


async def accepted_in_a_browser(output: str) -> None:
    """In its console a provider posts; the coordinator of whoever is next sees it live, and accepts."""
    found = re.search(r"Open (http://127\.0\.0\.1:\d+)/ in a browser", output)
    assert found is not None
    async with chromium() as browser:
        windows = Windows(browser, found.group(1))
        provider, coordinator = await offered(windows)
        await accepts(coordinator).first.click()
        await coordinator.get_by_role("button", name="Ja, aannemen").click()
        await expect(coordinator.get_by_role("status").first).to_contain_text("Aangenomen.")
        await expect(provider.get_by_role("table")).to_contain_text("Er komt iemand")
        assert windows.complaints == []


def test_the_demo_is_played_by_seven_processes_and_a_killed_one_comes_back(programs: list[Program], data: Path) -> None:
    """Every step, on loopback only; a process that is killed is started again; Ctrl-C leaves nothing behind."""
    first = Program("run-distributed", "--demo-users", "--port", "0", "--data", str(data))
    programs.append(first)
    output = first.until("_accept", 120)
    lines = [line for line in output.splitlines() if " ms " in line]
    assert len(lines) == len(STEPS)
    assert all(step in line for step, line in zip(STEPS, lines, strict=True))
    replicas = re.findall(r"^  (\w+) +http://127\.0\.0\.1:\d+ +process (\d+)$", output, re.MULTILINE)
    assert sorted(name for name, _ in replicas) == [
        "console", "identity", "municipalities", "notifications", "registry", "registry", "shelters",
    ]  # fmt: skip
    assert asyncio.run(units_of_a_client(data, output)) == 200
    asyncio.run(accepted_in_a_browser(output))
    listening = {
        connection.laddr.ip
        for process in left_behind(data)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening <= {"127.0.0.1", "::1"}, listening
    os.kill(int(dict(replicas)["shelters"]), signal.SIGKILL)
    first.until("starting it again")
    assert first.stop(signal.SIGINT, 90) == 0
    assert "Stopped; everything is stored." in first.output

    second = Program("run-distributed", "--data", str(data))
    programs.append(second)
    assert "the demo was played before" in second.until("Try it yourself", 120)
    assert second.stop(signal.SIGTERM, 90) == 0


def test_a_launcher_that_was_killed_starts_again_and_ends_what_it_left(programs: list[Program], data: Path) -> None:
    """Kill -9 leaves servers and services running; the next start ends them, serves from the same data, and no more."""
    first = Program("run-distributed", "--data", str(data), "--no-demo")
    programs.append(first)
    first.until("doorstroom serves", 120)
    first.process.kill()
    first.process.wait(10)
    orphans = left_behind(data)
    assert orphans
    second = Program("run-distributed", "--data", str(data), "--no-demo")
    programs.append(second)
    second.until("doorstroom serves", 120)
    assert not [process.pid for process in orphans if process.is_running() and process.status() != "zombie"]
    listed = subprocess.run(
        [*COMMAND, "quarantine", "list", "shelters", "--data", str(data)], capture_output=True, text=True, check=True
    )
    assert "0 message(s) of shelters in quarantine" in listed.stderr
    assert second.stop(signal.SIGINT, 90) == 0


def test_ctrl_c_while_it_starts_ends_everything(programs: list[Program], data: Path) -> None:
    """One clear line, and nothing is left running."""
    program = Program("run-distributed", "--data", str(data))
    programs.append(program)
    program.until("Starting a private PostgreSQL")
    assert program.stop(signal.SIGINT, 90) == 130
    assert "Traceback" not in program.output
    assert "stopped before everything had started" in program.output
