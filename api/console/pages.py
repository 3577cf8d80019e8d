"""Every page of the console, in one router that the application mounts."""

from fastapi import APIRouter

from api.console import (
    about,
    account,
    agreement,
    alerts,
    assessment,
    assets,
    assigning,
    audit_log,
    feedback,
    language,
    overview,
    people,
    person,
    quarantine,
    queue,
    searches,
    sign_in,
    single_sign_on,
    sources,
    steps,
    webhooks,
)

MODULES = (
    assets,
    sign_in,
    steps,
    single_sign_on,
    language,
    overview,
    queue,
    searches,
    assessment,
    assigning,
    alerts,
    sources,
    webhooks,
    quarantine,
    agreement,
    feedback,
    people,
    person,
    account,
    audit_log,
    about,
)
router = APIRouter(include_in_schema=False)
for module in MODULES:
    router.include_router(module.router)
