"""Every page of the console, in one router that the application mounts."""

from fastapi import APIRouter

from api.console import (
    about,
    agreement,
    alerts,
    assessment,
    assets,
    audit_log,
    beside,
    feedback,
    language,
    overview,
    people,
    quarantine,
    queue,
    searches,
    sign_in,
    sources,
    webhooks,
)

router = APIRouter(include_in_schema=False)
for module in (
    assets,
    sign_in,
    language,
    overview,
    queue,
    searches,
    assessment,
    beside,
    alerts,
    sources,
    webhooks,
    quarantine,
    agreement,
    feedback,
    people,
    audit_log,
    about,
):
    router.include_router(module.router)
