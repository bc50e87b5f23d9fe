"""Many units are posted at once: all of them, or none."""

from uuid import uuid4

from tests.integration.api.conftest import Server
from tests.integration.api.test_shelters import UNIT, House

NEW = {"places": 2, "accepts": UNIT["accepts"], "serves": UNIT["serves"], "programme": "vo"}


async def test_all_are_posted_in_the_order_of_the_request_or_none(server: Server) -> None:
    """What is wrong is told of each, and a unit that is new for it is not there when another is refused."""
    house = House(server)
    await house.open()
    first, second = await house.unit(), await house.unit()
    new = {"unit": NEW | {"facilityId": house.facility}}
    wrong = [
        {"unitId": second},
        {"unitId": str(uuid4())},
        new,
        {"unitId": first, "leaseSeconds": 60},
        {"unitId": second},
    ]
    refused = await house.provide("/vacancies/bulk", {"vacancies": wrong})
    assert refused.status == 400
    assert {error["pointer"] for error in refused.body["errors"]} == {"/vacancies/1", "/vacancies/4"}
    assert {unit["state"] for unit in (await house.read("/units"))["units"]} == {"out_of_service"}
    posted = await house.provide("/vacancies/bulk", {"vacancies": [{"unitId": second}, new, {"unitId": first}]})
    assert posted.status == 201
    units = [vacancy["unitId"] for vacancy in posted.body["vacancies"]]
    assert (units[0], units[2]) == (second, first)
    assert len((await house.read("/units"))["units"]) == 3


async def test_the_places_of_one_count_for_the_next(server: Server) -> None:
    """Contracts hold for all of them together, not for each alone."""
    house = House(server)
    await house.open()
    contract = {
        "providerId": house.provider,
        "programme": "vo",
        "places": 3,
        "kind": "structural",
        "startsOn": "2012-07-01",
    }
    assert (await house.operate("/contracts", contract)).status == 201
    new = {"unit": NEW | {"facilityId": house.facility}}
    refused = await house.provide("/vacancies/bulk", {"vacancies": [new, new]})
    assert (refused.status, [error["pointer"] for error in refused.body["errors"]]) == (400, ["/vacancies/1"])
    assert (await house.read("/units"))["units"] == []
    assert (await house.provide("/vacancies/bulk", {"vacancies": [new]})).status == 201
