"""The API Design Rules 2.2 in our own words: each rule takes an OpenAPI document and gives what breaks it."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

Document = dict[str, Any]
Rule = Callable[[Document], Iterator[str]]

METHODS = {"get", "put", "post", "delete", "patch"}
SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
SEGMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*|\{[a-z][A-Za-z0-9]*\}")
VERB = re.compile(r"_[a-z]+(-[a-z]+)*")
LOWER_CAMEL = re.compile(r"[a-z][a-z0-9]*([A-Z][a-z0-9]*)*")
UPPER_CAMEL = re.compile(r"[A-Z][A-Za-z0-9]*")
DAY_NAME = re.compile(r"(date|datum)|.+(Date|Datum)")


def resolved(document: Document, value: Document) -> Document:
    """Follow references within the document."""
    while "$ref" in value:
        target: Any = document
        for step in value["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        value = target
    return value


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Path, method and operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def parameters(document: Document, operation: Document) -> list[Document]:
    """An operation's parameters, references followed."""
    return [resolved(document, parameter) for parameter in operation.get("parameters", [])]


def responses(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Where, status and response, references followed."""
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            yield f"{method} {path} {status}", status, resolved(document, response)


def walk(value: object, place: str = "#") -> Iterator[tuple[str, Document]]:
    """Every object within the document, and where it is."""
    if isinstance(value, dict):
        yield place, value
        for name, member in value.items():
            yield from walk(member, f"{place}/{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from walk(item, f"{place}/{number}")


def properties(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Every property of every schema: where, its name, and its schema."""
    for place, value in walk(document):
        if place.endswith("/properties"):
            for name, schema in value.items():
                yield f"{place}/{name}", name, schema


def faults_by_schema(document: Document, schema: Document, value: object) -> list[str]:
    """What a value does that its schema does not allow, formats included."""
    whole = schema | {"components": document["components"]}
    return [error.message for error in Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value)]


def it_is_openapi_3_1(document: Document) -> Iterator[str]:
    """Valid by the specification's own schema."""
    if not re.fullmatch(r"3\.1\.\d+", document.get("openapi", "")):
        yield "the root must say openapi: 3.1.x"
    for error in OpenAPIV31SpecValidator(document).iter_errors():  # type: ignore[arg-type] # a plain dictionary is a schema
        yield str(error.message)


def operation_ids_are_unique(document: Document) -> Iterator[str]:
    """Client generators name their functions after them."""
    ids = Counter(operation.get("operationId") for _, _, operation in operations(document))
    yield from (f"{name}: {number} times" for name, number in ids.items() if name is None or number > 1)


def path_parameters_are_those_of_the_path(document: Document) -> Iterator[str]:
    """None is missing, none is left over, all are required."""
    for path, method, operation in operations(document):
        declared = [item for item in parameters(document, operation) if item["in"] == "path"]
        names = {item["name"] for item in declared}
        if names != set(re.findall(r"\{([^}]+)\}", path)) or not all(item.get("required") for item in declared):
            yield f"{method} {path}"


def tags_are_declared_once(document: Document) -> Iterator[str]:
    """Every tag in use is declared, and no tag twice."""
    names = Counter(tag["name"] for tag in document.get("tags", []))
    yield from (f"{name}: declared {number} times" for name, number in names.items() if number > 1)
    for path, method, operation in operations(document):
        yield from (f"{method} {path}: {tag}" for tag in operation.get("tags", []) if tag not in names)


def servers_have_the_major_version(document: Document) -> Iterator[str]:
    """There is one; its address has no variable, is not plain http, and holds the first number of the version."""
    servers = document.get("servers", [])
    major = document["info"]["version"].split(".")[0]
    if not servers:
        yield "there is no server"
    for server in servers:
        url = server["url"]
        if "{" in url or url.startswith("http:") or not url.endswith(f"/v{major}"):
            yield str(url)


def paths_are_kebab_case(document: Document) -> Iterator[str]:
    """Without a trailing slash; a verb is a last segment that begins with an underscore."""
    for path in document["paths"]:
        *segments, last = path.removeprefix("/").split("/")
        good = all(SEGMENT.fullmatch(segment) for segment in segments)
        if path != "/openapi.json" and not (good and (SEGMENT.fullmatch(last) or VERB.fullmatch(last))):
            yield path


def methods_are_the_standard_ones(document: Document) -> Iterator[str]:
    """GET, PUT, POST, PATCH and DELETE."""
    yield from (f"{method} {path}" for path, method, _ in operations(document) if method not in METHODS)


def query_keys_are_camel_case(document: Document) -> Iterator[str]:
    """And no access token is among them."""
    for path, method, operation in operations(document):
        for item in parameters(document, operation):
            if item["in"] == "query" and not LOWER_CAMEL.fullmatch(item["name"]):
                yield f"{method} {path}: {item['name']}"
    for name, scheme in document["components"].get("securitySchemes", {}).items():
        if scheme.get("in") == "query":
            yield f"{name}: a secret in the query"


def properties_are_camel_case(document: Document) -> Iterator[str]:
    """In every schema."""
    yield from (place for place, name, _ in properties(document) if not LOWER_CAMEL.fullmatch(name))


def schemas_are_upper_camel_case(document: Document) -> Iterator[str]:
    """So that no module's name shows when two models are called the same."""
    yield from (name for name in document["components"]["schemas"] if not UPPER_CAMEL.fullmatch(name))


def every_response_has_the_version(document: Document) -> Iterator[str]:
    """Errors too, which is more than the linter asks."""
    for where, _, response in responses(document):
        header = resolved(document, response.get("headers", {}).get("API-Version", {}))
        if not header.get("required"):
            yield where


def the_version_is_semantic(document: Document) -> Iterator[str]:
    """Three numbers."""
    if not SEMVER.fullmatch(document["info"]["version"]):
        yield str(document["info"]["version"])


def there_is_somebody_to_ask(document: Document) -> Iterator[str]:
    """A contact with a name, an e-mail address and a page."""
    contact = document["info"].get("contact", {})
    yield from (name for name in ("name", "email", "url") if not contact.get(name))


def failures_are_problem_documents(document: Document) -> Iterator[str]:
    """RFC 9457, with status, title and detail; the token endpoint's in OAuth's form too, which RFC 6749 asks for."""
    for where, status, response in responses(document):
        if status[0] in "45":
            content = response.get("content", {})
            schema = resolved(document, content.get("application/problem+json", {}).get("schema", {}))
            of_oauth = {"application/json"} if " /token " in where else set()
            known = {"status", "title", "detail"} <= set(schema.get("properties", {}))
            if content.keys() - of_oauth != {"application/problem+json"} or not known:
                yield where


def links_lead_to_operations(document: Document) -> Iterator[str]:
    """Each to one that is there, with every parameter of its path, from a place that the answer has."""
    known = {
        operation["operationId"]: set(re.findall(r"\{([^}]+)\}", path)) for path, _, operation in operations(document)
    }
    for where, _, response in responses(document):
        example = next(iter(response.get("content", {}).values()), {}).get("example")
        for name, link in response.get("links", {}).items():
            places = [place.removeprefix("$response.body#/") for place in link.get("parameters", {}).values()]
            in_body = [place for place in places if not place.startswith("$request.path.")]
            right = known.get(link["operationId"]) == set(link.get("parameters", {})) and in_body
            if not right or not all(_is_there(example, place) for place in in_body):
                yield f"{where}: {name}"


def _is_there(value: Any, place: str) -> bool:  # noqa: ANN401 - any JSON value
    for step in place.split("/"):
        if isinstance(value, list) and step == "0":
            value = value[0]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return False
    return True


def invalid_input_is_400(document: Document) -> Iterator[str]:
    """Every operation that can be called wrongly says so, and none with 422."""
    for path, method, operation in operations(document):
        can_be_wrong = operation.get("parameters") or method not in {"get", "delete"}
        if (can_be_wrong and "400" not in operation["responses"]) or "422" in operation["responses"]:
            yield f"{method} {path}"


def moments_have_a_zone(document: Document) -> Iterator[str]:
    """No time of a day without its day, and no moment without an offset."""
    for place, value in walk(document):
        if value.get("format") in ("time", "date-time-local", "time-local"):
            yield place


def days_are_dates(document: Document) -> Iterator[str]:
    """What is called a date is one, and no moment: a moment is called …At."""
    for place, name, schema in properties(document):
        if DAY_NAME.fullmatch(name) and schema.get("format") != "date":
            yield place


def moments_are_not_called_dates(document: Document) -> Iterator[str]:
    """A day is …On, …Day or …Date; a moment is not."""
    for place, name, schema in properties(document):
        formats = {schema.get("format")} | {option.get("format") for option in schema.get("anyOf", [])}
        if "date-time" in formats and re.fullmatch(r".+(Date|Datum|On|Day)", name):
            yield place


def examples_and_defaults_are_valid(document: Document) -> Iterator[str]:
    """Every example and default is allowed by the schema beside it."""
    for place, value in walk(document):
        found = list(value["examples"]) if isinstance(value.get("examples"), list) else []
        found += [value[name] for name in ("default", "example") if name in value]
        schema = value.get("schema", value)
        for example in found if isinstance(schema, dict) else ():
            yield from (f"{place}: {fault}" for fault in faults_by_schema(document, schema, example))


def nothing_in_a_path_looks_like_a_method(document: Document) -> Iterator[str]:
    """The linter takes any name there with get, put, post, patch or delete in it for an operation."""
    for place, value in walk(document["paths"], "#/paths"):
        for name in value:
            if re.search("get|put|post|patch|delete", name) and name not in METHODS and not name.startswith("/"):
                yield f"{place}/{name}"


RULES: tuple[Rule, ...] = (
    it_is_openapi_3_1,
    operation_ids_are_unique,
    path_parameters_are_those_of_the_path,
    tags_are_declared_once,
    servers_have_the_major_version,
    paths_are_kebab_case,
    methods_are_the_standard_ones,
    query_keys_are_camel_case,
    properties_are_camel_case,
    schemas_are_upper_camel_case,
    every_response_has_the_version,
    the_version_is_semantic,
    there_is_somebody_to_ask,
    failures_are_problem_documents,
    links_lead_to_operations,
    invalid_input_is_400,
    moments_have_a_zone,
    days_are_dates,
    moments_are_not_called_dates,
    examples_and_defaults_are_valid,
    nothing_in_a_path_looks_like_a_method,
)
