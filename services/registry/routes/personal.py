"""Who somebody is. The only bodies with text that says so; none of it is a POST, whose answer would be kept."""

from functools import partial

from schemas.api.cases import PersonalData
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply
from services.registry.handlers import personal
from services.registry.routes.common import BASE
from services.registry.store.vault import Vault

PATH = f"{BASE}/cases/{{caseId}}/personal-data"


async def get_personal_data(vault: Vault, call: Call, unit: UnitOfWork) -> Reply:
    """Read who somebody is."""
    found = await personal.personal_data_of(vault, unit, call.uuid("caseId"), call.principal.organisation)
    return Reply(200, PersonalData.model_validate(found, strict=False))


async def put_personal_data(vault: Vault, call: Call[PersonalData], unit: UnitOfWork) -> Reply:
    """Store who somebody is."""
    told = call.body.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    await personal.replace_personal_data(vault, unit, call.uuid("caseId"), call.principal.organisation, told)
    return Reply(204)


async def delete_personal_data(vault: Vault, call: Call, unit: UnitOfWork) -> Reply:
    """Erase who somebody is."""
    await personal.erase(vault, unit, call.uuid("caseId"), call.principal.organisation)
    return Reply(204)


def operations(vault: Vault) -> tuple[Operation[UnitOfWork], ...]:
    """What may be done with personal data."""
    tag = "personal data"
    return (
        Operation(
            method="GET",
            path=PATH,
            operation_id="getPersonalData",
            summary="Read who somebody is",
            handler=partial(get_personal_data, vault),
            response=PersonalData,
            errors=(404,),
            tags=(tag,),
        ),
        Operation(
            method="PUT",
            path=PATH,
            operation_id="replacePersonalData",
            summary="Store who somebody is",
            description="Encrypted with a key of the case's own. It replaces everything that was stored before.",
            handler=partial(put_personal_data, vault),
            request=PersonalData,
            request_example=PersonalData(languages=["nl"]),
            status=204,
            errors=(404, 409),
            tags=(tag,),
        ),
        Operation(
            method="DELETE",
            path=PATH,
            operation_id="erasePersonalData",
            summary="Erase who somebody is",
            description="The case's key is destroyed, and with it every copy. The case stays, and is counted.",
            handler=partial(delete_personal_data, vault),
            status=204,
            errors=(404,),
            tags=(tag,),
        ),
    )
