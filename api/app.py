"""Put the HTTP service together: routes, errors, what happens around every request.

Importing this file loads no model; a test proves that torch stays out.
"""

import datetime as dt
from collections.abc import Callable
from importlib.metadata import version

from fastapi import FastAPI

from api.console import pages
from api.dependencies import Throttle
from api.middleware import Around
from api.observe import Metrics
from api.problems import add_problem_handlers
from api.routes import (
    alerts,
    assessments,
    beside,
    classify,
    codebook,
    contacts,
    deliveries,
    documents,
    events,
    evidence,
    export,
    feeds,
    health,
    inhibitions,
    items,
    lexicon,
    retraining,
    rules,
    silences,
    source_lists,
    sources,
    timeline,
    trends,
    webhooks,
)
from api.scoring import LazyScorer
from api.settings import Settings
from models.database import Sessions

ROUTES = (
    health,
    classify,
    items,
    source_lists,
    sources,
    documents,
    assessments,
    beside,
    alerts,
    timeline,
    contacts,
    rules,
    silences,
    inhibitions,
    trends,
    events,
    webhooks,
    deliveries,
    codebook,
    lexicon,
    evidence,
    export,
    retraining,
    feeds,
)
DESCRIPTION = """Watches public media for dehumanizing and inciting language and wakes the right people early.

The machine proposes and a person decides: every answer that shows a score says whether a person has reviewed it.
Errors always have the shape `{"error": slug, "detail": sentence, "status": number}`. Times are RFC 3339 in UTC; a time
without a zone is read as UTC. Lists are `{"items": [...], "next": cursor or null}`.

Send a token as `Authorization: Bearer toc_...`. Scopes: `read` sees, `review` decides and sees, `push` brings items in
and sees nothing, `admin` may everything.
"""


def utc_now() -> dt.datetime:
    """Return the present moment; the only clock of the service."""
    return dt.datetime.now(dt.UTC)


def create_app(
    settings: Settings,
    sessions: Sessions,
    *,
    clock: Callable[[], dt.datetime] = utc_now,
    scorer: LazyScorer | None = None,
) -> FastAPI:
    """Return the application; `scorer` is shared with a worker in the same process, or loaded on first need."""
    app = FastAPI(
        title="Tocsin",
        version=version("tocsin"),
        description=DESCRIPTION,
        docs_url=None,  # the usual pages load scripts from elsewhere
        redoc_url=None,
        openapi_tags=[{"name": module.__name__.rpartition(".")[2], "description": module.__doc__} for module in ROUTES],
    )
    app.state.settings = settings
    app.state.sessions = sessions
    app.state.clock = clock
    app.state.scorer = scorer or LazyScorer(settings.classify)
    app.state.throttle = Throttle()
    app.state.metrics = Metrics()
    add_problem_handlers(app)
    app.add_middleware(Around, metrics=app.state.metrics, max_bytes=settings.max_request_bytes, secure=settings.secure)
    for module in ROUTES:
        app.include_router(module.router)
    app.include_router(pages.router)
    return app
