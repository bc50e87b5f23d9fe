"""What no linter of a description sees, asked of every route of every running service."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.chassis.identity import Role
from services.chassis.web import Operation
from services.chassis.web.operation import METHODS
from services.cli.embedded import NAMES, SERVICES, api_of, describe
from tests.integration.api.conftest import Answer, Server
from tests.support.access import entitled

SOME_ID = "019c0000-0000-7000-8000-00000000ffff"
STANDING = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Server": "doorstroom",
}
VERSIONS = {f"/{name}/": api_of(name).version for name in NAMES}
OPERATIONS: tuple[Operation[Any], ...] = tuple(
    operation for definition in SERVICES for operation in describe(definition).operations
)
JSON = {"Content-Type": "application/json"}
Told = tuple[str, Answer]


def path_of(operation: Operation[Any]) -> str:
    return "/".join(SOME_ID if part.startswith("{") else part for part in operation.path.split("/"))


def methods_of(path: str) -> list[str]:
    return sorted(operation.method for operation in OPERATIONS if operation.path == path)


class Asker:
    """Asks one route after the other, with a token that may."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._keys = 0

    async def ask(self, operation: Operation[Any], method: str = "", suffix: str = "", **options: Any) -> Answer:  # noqa: ANN401 - those of `send`
        self._keys += 1
        token = self._server.token("GM0344", *entitled(operation))
        path = path_of(operation) + suffix
        answer = await self._server.send(method or operation.method, path, token, key=f"k{self._keys}", **options)
        has_standing_headers(path, answer)
        return answer


@pytest.fixture
def asker(server: Server) -> Asker:
    return Asker(server)


def has_standing_headers(path: str, answer: Answer) -> None:
    """Those of every response, and no permission for other pages' scripts."""
    assert {name: answer.headers.get(name) for name in STANDING} == STANDING, path
    assert answer.headers["API-Version"] == next(v for prefix, v in VERSIONS.items() if path.startswith(prefix)), path
    assert "Access-Control-Allow-Origin" not in answer.headers, path


def is_problem(what: object, answer: Answer, status: int) -> None:
    assert answer.status == status, (what, answer.status, answer.body)
    assert answer.headers["Content-Type"] == "application/problem+json", what
    assert answer.body["status"] == status, what
    assert answer.body["title"], what
    assert answer.body["detail"], what


def commands() -> Iterator[Operation[Any]]:
    return (operation for operation in OPERATIONS if operation.method not in {"GET", "DELETE"})


def test_the_routes_of_all_services_are_asked() -> None:
    """An empty list would make every other test here say nothing."""
    assert len(OPERATIONS) > 90
    assert {operation.path.split("/")[1] for operation in OPERATIONS} == {definition.name for definition in SERVICES}
    assert any(operation.stream for operation in OPERATIONS)
    assert any(operation.status == 204 for operation in OPERATIONS)


async def test_without_a_token_each_route_is_a_401_that_says_how(server: Server) -> None:
    """With the standing headers, and before anything else is looked at."""
    for operation in OPERATIONS:
        answer = await server.send(operation.method, path_of(operation), None, data=b"{", headers=dict(JSON))
        has_standing_headers(operation.path, answer)
        is_problem(operation.operation_id, answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer"), operation.operation_id


async def test_a_trailing_slash_is_another_address_that_is_not_there(asker: Asker) -> None:
    """404, and no redirect."""
    for operation in OPERATIONS:
        is_problem(operation.operation_id, await asker.ask(operation, suffix="/"), 404)


async def test_another_method_is_told_those_that_there_are(asker: Asker) -> None:
    """405 with Allow, for each method that the address does not have."""
    for operation in OPERATIONS:
        known = methods_of(operation.path)
        for method in (*METHODS, "OPTIONS"):
            if method not in known:
                answer = await asker.ask(operation, method)
                is_problem((method, operation.path), answer, 405)
                assert answer.headers["Allow"].split(", ") == known, operation.path


async def test_head_is_no_method_of_any_route(asker: Asker) -> None:
    """405, with the headers and without a body."""
    for operation in OPERATIONS:
        answer = await asker.ask(operation, "HEAD")
        assert (answer.status, answer.headers["Allow"].split(", ")) == (405, methods_of(operation.path))


async def test_an_answer_that_is_not_accepted_is_406(asker: Asker) -> None:
    """Before anything is done."""
    for operation in OPERATIONS:
        is_problem(operation.operation_id, await asker.ask(operation, headers={"Accept": "text/csv"}), 406)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=latin-1"},
        {**JSON, "Content-Encoding": "gzip"},
    ],
    ids=str,
)
async def test_a_body_that_is_not_plain_json_is_415(asker: Asker, headers: dict[str, str]) -> None:
    """Of another type, in another character set, or compressed."""
    for operation in commands():
        answer = await asker.ask(operation, data=b"a=b", headers=dict(headers))
        is_problem(operation.operation_id, answer, 415)


async def test_all_wrong_fields_are_told_at_once(asker: Asker) -> None:
    """400 and never 422: each field that is missing and each that is unknown, with what is wrong in the address."""
    for operation in commands():
        if operation.request is None:
            continue
        required = {
            "/" + (field.alias or name) for name, field in operation.request.model_fields.items() if field.is_required()
        }
        answer = await asker.ask(operation, suffix="?colour=red", json={"ghost": 1, "spirit": 2})
        is_problem(operation.operation_id, answer, 400)
        assert {error["pointer"] for error in answer.body["errors"]} == {"/colour", "/ghost", "/spirit", *required}


async def test_what_is_not_an_id_or_a_parameter_is_400(server: Server) -> None:
    """Everything in the address is looked at, in every operation."""
    for operation in OPERATIONS:
        token = server.token("GM0344", *entitled(operation))
        path = "/".join("x" if part.startswith("{") else part for part in operation.path.split("/"))
        body = b"{}" if operation.method in {"POST", "PUT", "PATCH"} and operation.request is None else None
        answer = await server.send(
            operation.method, f"{path}?colour=red", token, key=SOME_ID, data=body, headers=dict(JSON)
        )
        has_standing_headers(path, answer)
        is_problem(operation.operation_id, answer, 400)
        expected = {"/colour", *(f"/{name}" for name in operation.parameters if name not in operation.path_types)}
        assert expected <= {error["pointer"] for error in answer.body["errors"]}, operation.operation_id


async def test_a_post_without_a_key_is_400_with_everything_else_that_is_wrong(server: Server) -> None:
    """On every POST."""
    for operation in commands():
        if operation.method == "POST":
            token = server.token("GM0344", *entitled(operation))
            answer = await server.send("POST", path_of(operation), token, data=b"[]", headers=dict(JSON))
            is_problem(operation.operation_id, answer, 400)
            assert "/Idempotency-Key" in {error["pointer"] for error in answer.body["errors"]}
            assert len(answer.body["errors"]) > 1, operation.operation_id


async def test_what_is_there_is_answered_with_the_standing_headers(asker: Asker) -> None:
    """200 for each list that needs nothing; 404 for each thing that is not there."""
    for operation in OPERATIONS:
        if operation.method == "GET" and operation.stream is None:
            answer = await asker.ask(operation)
            assert answer.status == (404 if operation.parameters else 200), operation.operation_id
            if operation.parameters:
                is_problem(operation.operation_id, answer, 404)


async def test_a_stream_begins_with_the_standing_headers(server: Server) -> None:
    """As everything else."""
    for operation in OPERATIONS:
        if operation.stream is not None:
            token = server.token("comensha", *entitled(operation))
            headers = {"Authorization": f"Bearer {token}"}
            async with server.session.get(f"{server.root}{operation.path}", headers=headers) as response:
                assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream")
                has_standing_headers(operation.path, Answer(200, response.headers, None))


async def test_scripts_of_other_pages_may_read_the_descriptions_and_nothing_else(server: Server) -> None:
    """CORS `*` on openapi.json, which needs no token, and no permission to ask anything beforehand."""
    origin = {"Origin": "https://elsewhere.example"}
    for definition in SERVICES:
        path = f"/{definition.name}/v1/openapi.json"
        answer = await server.send("GET", path, None, headers=origin)
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
        assert {name: answer.headers.get(name) for name in STANDING} == STANDING
        preflight = await server.send("OPTIONS", path, None, headers=origin)
        is_problem(path, preflight, 405)
        has_standing_headers(path, preflight)
    for path in ("/healthz", "/readyz"):
        assert "Access-Control-Allow-Origin" not in (await server.send("GET", path, None, headers=origin)).headers


async def test_an_answer_with_nothing_in_it_has_the_standing_headers(server: Server) -> None:
    """204, of what can be stored and erased."""
    registry = server.token("comensha", Role.COORDINATOR)
    case = await server.post("/registry/v1/cases", registry, {"sex": "female", "ageBand": "23-plus"})
    path = f"/registry/v1/cases/{case.body['caseId']}/personal-data"
    for method, body in (("PUT", json.dumps({"languages": ["nl"]}).encode()), ("DELETE", None)):
        answer = await server.send(method, path, registry, data=body, headers=dict(JSON) if body else {})
        assert (answer.status, answer.body) == (204, b"")
        has_standing_headers(path, answer)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "token", 400),
        ("GET", "token", 405),
        ("GET", "jwks", 200),
        ("GET", "jwks/", 404),
        ("DELETE", "jwks", 405),
        ("HEAD", "jwks", 405),
        ("GET", "nowhere", 404),
    ],
)
async def test_the_token_endpoint_answers_with_the_standing_headers(
    server: Server, method: str, path: str, status: int
) -> None:
    """Its routes are OAuth's, and what no linter sees holds for them as well."""
    path = f"/identity/v1/{path}"
    answer = await server.send(method, path, None, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == status
    has_standing_headers(path, answer)
    assert ("Allow" in answer.headers) is (status == 405)
