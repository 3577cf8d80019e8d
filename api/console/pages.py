"""Every page of the console, in one router that the application mounts."""

from fastapi import APIRouter

from api.console import about, alerts, assessment, assets, overview, queue, sign_in, sources, webhooks

router = APIRouter(include_in_schema=False)
for module in (assets, sign_in, overview, queue, assessment, alerts, sources, webhooks, about):
    router.include_router(module.router)
