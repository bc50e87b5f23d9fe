"""What goes into an operation, and what is refused before it."""

import asyncio
import gzip
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given, strategies

from services.chassis.errors import InvalidInput
from services.chassis.identity import Role
from services.chassis.web import documents
from tests.unit.web.things import BASE, THING_ID, Service

VALID = {"ownerId": str(THING_ID), "amount": 2}
CANARY = "canary-4b1d"


async def test_a_valid_post_reaches_the_handler_typed(service: Service) -> None:
    """The handler gets the model, the principal and the moment; the client gets the body and the status."""
    answer = await service.call("POST", f"{BASE}/things", json=VALID)
    assert (answer.status, json.loads(answer.body)) == (201, {"thingId": str(THING_ID), "amount": 2})
    assert answer.headers["Location"] == f"/things/v1/{THING_ID}"
    call = service.handlers.calls[0]
    assert (call.body.amount, call.principal.organisation, call.now) == (2, "org-1", service.clock.now)


async def test_a_get_only_reads(service: Service) -> None:
    """No transaction that could write is opened for a GET."""
    await service.call("GET", f"{BASE}/things/{THING_ID}")
    assert (service.work.ran, service.work.read_only) == (0, 1)


async def test_every_field_error_is_told_at_once(service: Service) -> None:
    """Body and headers together, each with its pointer, and none of the values."""
    body = {"ownerId": CANARY, "amount": 99, "tags": ["ok", "x" * 30], "ghost": CANARY}
    answer = await service.call("POST", f"{BASE}/things", json=body, headers={"Idempotency-Key": ""})
    problem = answer.problem()
    assert answer.status == 400
    pointers = {error["pointer"] for error in problem["errors"]}
    assert pointers == {"/ownerId", "/amount", "/tags/1", "/ghost", "/Idempotency-Key"}
    assert CANARY.encode() not in answer.body
    assert service.work.ran == 0


@pytest.mark.parametrize("key", ["x" * 256, "with space", "naïve"])
async def test_a_malformed_idempotency_key_is_refused(service: Service, key: str) -> None:
    """A key is 1 to 255 visible ASCII characters."""
    answer = await service.call("POST", f"{BASE}/things", json=VALID, headers={"Idempotency-Key": key})
    assert answer.status == 400
    assert answer.problem()["errors"][0]["pointer"] == "/Idempotency-Key"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        (b'{"amount": 1, "amount": 2}', "same name twice"),
        (b'{"amount": NaN}', "NaN"),
        (b'{"amount": -Infinity}', "NaN"),
        (b'{"amount": 1e999}', "too large"),
        (b'{"amount": ' + b"9" * 5000 + b"}", "too many digits"),
        (b"[" * 30000, "nested"),
        (b'{"a":' * 5000, "nested"),
        (b'"\xff"', "UTF-8"),
        (b'{"label": "a\\u0000b"}', "U+0000"),
        ("\ufeff{}".encode(), "not JSON"),
        (b"", "required"),
    ],
)
async def test_hostile_json_is_refused_and_explained(service: Service, body: bytes, reason: str) -> None:
    """Nothing of it reaches a model, and nothing fails inside."""
    headers = {"Content-Type": "application/json"}
    answer = await service.call("POST", f"{BASE}/things", data=body, headers=headers)
    assert answer.status == 400
    assert reason in answer.problem()["errors"][0]["message"]


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"7", b'{"ownerId": "\\ud800", "amount": 1}'])
async def test_json_of_another_shape_is_refused(service: Service, body: bytes) -> None:
    """A document that is no object, or has half a character in it, is invalid input like any other."""
    headers = {"Content-Type": "application/json"}
    assert (await service.call("POST", f"{BASE}/things", data=body, headers=headers)).status == 400


async def test_a_body_where_none_belongs_is_refused(service: Service) -> None:
    """An operation without a body takes nothing, or an empty object."""
    path = f"{BASE}/things/{THING_ID}/_affirm"
    assert (await service.call("POST", path, json={"extra": 1})).status == 400
    assert (await service.call("POST", path, json={})).status == 204
    answer = await service.call("POST", path)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["API-Version"] == "1.2.3"


async def test_a_large_body_is_refused(service: Service) -> None:
    """Whether its length is announced or not."""

    async def pieces() -> Any:  # noqa: ANN401 - an async iterator of bytes
        for _ in range(20):
            yield b" " * 8192

    headers = {"Content-Type": "application/json"}
    for data in (b" " * 70_000, pieces()):
        answer = await service.call("POST", f"{BASE}/things", data=data, headers=headers)
        assert answer.status == 413
        assert "bytes" in answer.problem()["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_another_media_type_is_refused(service: Service, headers: dict[str, str]) -> None:
    """Only plain JSON in UTF-8; a compressed body is not even unpacked."""
    bomb = gzip.compress(b" " * 10_000_000)
    answer = await service.call("POST", f"{BASE}/things", data=bomb, headers=headers)
    assert answer.status == 415
    answer.problem()


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 201),
        ("text/html, application/*;q=0.5", 201),
        ("*/*;q=0.1", 201),
        ("text/html", 406),
        ("application/json;q=0, */*", 406),
        ("nonsense;q=x", 406),
    ],
)
async def test_the_accept_header_is_honoured(service: Service, accept: str, status: int) -> None:
    """A client that cannot take JSON is told so before anything happens."""
    answer = await service.call("POST", f"{BASE}/things", json=VALID, headers={"Accept": accept})
    assert answer.status == status
    assert service.work.ran == (1 if status == 201 else 0)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?limit=0", "/limit"),
        ("?limit=101", "/limit"),
        ("?limit=ten", "/limit"),
        ("?limit=1&limit=2", "/limit"),
        ("?offset=1", "/offset"),
        ("?access_token=abc", "/access_token"),
        ("?kind=%00", ""),
    ],
)
async def test_a_wrong_query_is_refused(service: Service, query: str, pointer: str) -> None:
    """Unknown, repeated and malformed parameters are invalid input; a token in an address above all."""
    answer = await service.call("GET", f"{BASE}/things{query}")
    assert answer.status == 400
    assert answer.problem()["errors"][0]["pointer"] == pointer


async def test_a_query_reaches_the_handler_typed(service: Service) -> None:
    """A list may be repeated; the rest has defaults."""
    assert (await service.call("GET", f"{BASE}/things?kind=a&kind=b&limit=7")).status == 200
    query = service.handlers.calls[0].query
    assert (query.kind, query.limit, query.cursor) == (["a", "b"], 7, None)


async def test_a_malformed_path_parameter_is_invalid_input(service: Service) -> None:
    """It is told without being repeated."""
    answer = await service.call("GET", f"{BASE}/things/{CANARY}")
    assert answer.status == 400
    assert answer.problem()["errors"][0]["pointer"] == "/thingId"
    assert CANARY.encode() not in answer.body


async def test_a_name_that_may_be_personal_is_not_repeated(service: Service) -> None:
    """Only a name that looks like a field is told back."""
    answer = await service.call("POST", f"{BASE}/things", json={**VALID, "Jane Doe, Dam 1": 1})
    assert answer.problem()["errors"][0]["pointer"] == "/(name withheld)"
    assert b"Jane" not in answer.body


async def test_the_errors_told_are_bounded(service: Service) -> None:
    """A body full of mistakes does not make an answer that is larger than itself."""
    answer = await service.call("POST", f"{BASE}/things", json={**VALID, **{f"x{n}": n for n in range(2000)}})
    assert answer.status == 400
    assert len(answer.problem()["errors"]) == 100


async def test_a_slow_body_is_given_up(service: Service) -> None:
    """A client that sends half a body and stops gets an answer in bounded time."""
    head = f"POST {BASE}/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.token()}\r\n"
    rest = "Idempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write((head + rest).encode())
        line = await reader.readline()
    writer.close()
    assert b" 503 " in line


async def test_a_client_that_asks_first_is_invited(service: Service) -> None:
    """`Expect: 100-continue` gets its interim answer, and then the real one."""
    body = json.dumps(VALID).encode()
    head = (
        f"POST {BASE}/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.token()}\r\nIdempotency-Key: k\r\n"
        f"Expect: 100-continue\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = await service.raw(head.encode() + body)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 ")


async def test_another_expectation_is_a_problem(service: Service) -> None:
    """What we cannot meet is refused in the same form as everything else."""
    answer = await service.call("GET", f"{BASE}/things/{THING_ID}", headers={"Expect": "a-miracle"})
    assert answer.status == 417
    answer.problem()


JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(max_size=20),
    lambda children: (
        strategies.lists(children, max_size=5)
        | strategies.dictionaries(strategies.text(max_size=10), children, max_size=5)
    ),
    max_leaves=20,
)


@given(JSON)
def test_json_within_bounds_is_read_as_it_is(document: object) -> None:
    """What a strict writer writes, the reader gives back."""
    body = json.dumps(document)
    assume("\\u0000" not in body)
    assert documents.parse(body.encode()) == document


@given(strategies.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """No input makes the reader fail in another way."""
    with suppress(InvalidInput):
        assert documents.parse(body) == json.loads(body)


async def test_a_role_that_may_not_is_told_who_may(service: Service) -> None:
    """403, before the body is looked at."""
    token = service.token(Role.AUDITOR)
    answer = await service.call("POST", f"{BASE}/things", data=b"{", token=token)
    assert answer.status == 403
    assert "provider" in answer.problem()["detail"]


@pytest.mark.parametrize(
    ("amount", "status"), [("2.0", 201), ("2e0", 201), ("2.5", 400), ("1e400", 400), ("21.0", 400)]
)
async def test_a_whole_number_is_an_integer_however_it_is_written(service: Service, amount: str, status: int) -> None:
    """As JSON Schema has it; a fraction is none, and the bounds hold."""
    body = f'{{"ownerId": "{THING_ID}", "amount": {amount}}}'
    headers = {"Content-Type": "application/json"}
    answer = await service.call("POST", f"{BASE}/things", data=body.encode(), headers=headers)
    assert answer.status == status
