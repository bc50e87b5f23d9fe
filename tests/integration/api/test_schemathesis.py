"""Each running service behaves as its description says: Schemathesis makes requests from it, and compares the answers.

All its checks are on, the requests follow from a seed, and what is made is followed by its links.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from services.chassis.identity import Role
from services.chassis.web import Operation, openapi
from services.cli.embedded import NAMES, api_of
from tests.integration.api.conftest import Server
from tests.support.access import LINES

SECONDS = 400
HOOKS = Path(__file__).parents[2] / "support" / "schemathesis_hooks.py"
HEAD = f"""
hooks = "{HOOKS}"
seed = 20261128

[generation]
max-examples = 2
database = "none"

[checks.positive_data_acceptance]
# 400 is looked at by the check in the hooks.
expected-statuses = ["2xx", 400, 401, 403, 404, 409]
"""
SOMEBODY = {
    Role.HELPDESK: "comensha",
    Role.PROVIDER: "shelter-noord",
    Role.MUNICIPALITY: "GM0344",
    Role.OPERATOR: "comensha",
    Role.AUDITOR: "court-of-audit",
}
"""Who asks, of each role: those who have something in the sample. The first that may is taken."""


def token_for(server: Server, operation: Operation) -> str:
    role = next(role for role in SOMEBODY if role in LINES[operation.operation_id].roles)
    return server.token(SOMEBODY[role], role, [LINES[operation.operation_id].scope])


def configured(server: Server, operations: tuple[Operation, ...]) -> str:
    """A token for each operation, of somebody who may."""
    lines = [HEAD]
    for operation in operations:
        lines += [
            "[[operations]]",
            f'include-operation-id = "{operation.operation_id}"',
            f'headers = {{ Authorization = "Bearer {token_for(server, operation)}" }}',
        ]
        if operation.stream is not None:
            # A stream has no end: what has come by then is looked at.
            lines += ["request-timeout = 0.5"]
    return "\n".join(lines) + "\n"


@pytest.mark.timeout(SECONDS + 60)
@pytest.mark.parametrize("name", NAMES)
async def test_the_running_service_is_as_it_is_described(sampled: Server, tmp_path: Path, name: str) -> None:
    """Nothing is found."""
    api = api_of(name)
    (tmp_path / "openapi.json").write_text(json.dumps(openapi(api)))
    (tmp_path / "schemathesis.toml").write_text(configured(sampled, api.operations))
    command = ("run", "openapi.json", "--url", f"{sampled.root}{api.base_path}", "--checks", "all", "--warnings", "off")
    program = Path(sys.executable).with_name("schemathesis")
    process = await asyncio.create_subprocess_exec(
        program,
        *command,
        cwd=tmp_path,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "150"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SECONDS):
            told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, told.decode()
