"""Turn every refusal into the one JSON shape: {"error": slug, "detail": sentence, "status": number}.

Nothing of what was sent is repeated, because it may be secret, hostile or not even text.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from api.errors import ApiError
from api.reviews import AssessmentUnknown, ReviewConflict, ReviewInvalid
from classify.errors import ClassifyError
from ingest.errors import InputRefused, Refused
from warn import errors as warn_errors

SLUGS = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large", 500: "internal_error"}
SENTENCES = {
    404: "there is nothing at this address; /openapi.json lists what there is",
    405: "this address does not take this method; /openapi.json lists what it takes",
}


# Of two decisions that came at once, a program is told both.
SHOWN_OF_A_DECISION = ("verdict", "signals", "stage", "stance", "targets", "target_names", "tier", "note")


class Problem(BaseModel):
    """Every error of this API has this shape."""

    error: str = Field(description="A slug for programs.", examples=["not_found"])
    detail: str = Field(description="A sentence for people: what, where, what to do.")
    status: int = Field(description="The HTTP status again.", examples=[404])


def problem(
    status: int, detail: str, slug: str | None = None, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Return an answer in the one shape; `more` adds keys for programs."""
    slug = slug or SLUGS.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "_")
    return JSONResponse({"error": slug, "detail": detail, "status": status, **more}, status, headers)


def add_problem_handlers(app: FastAPI) -> None:
    """Have `app` answer every error in the one shape."""
    handlers: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
        ApiError: _refused,
        HTTPException: _plain,
        RequestValidationError: _invalid,
        OperationalError: _database,
        IntegrityError: _in_use,
        AssessmentUnknown: _answers(404, "not_found"),
        ReviewInvalid: _answers(422, "invalid"),
        ReviewConflict: _conflict,
        InputRefused: _answers(422, "invalid"),
        Refused: _answers(422, "invalid"),
        warn_errors.NotFound: _answers(404, "not_found"),
        warn_errors.Conflict: _answers(409, "conflict"),
        warn_errors.Refused: _answers(422, "invalid"),
        ClassifyError: _answers(503, "model_unavailable"),
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def describe_failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the errors a route may answer with."""
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses}


async def _refused(_request: Request, error: ApiError) -> Response:
    headers = {"www-authenticate": "Bearer"} if error.status == 401 else {}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, int(error.retry_after.total_seconds())))
    return problem(error.status, error.detail, error.slug, headers)


async def _plain(_request: Request, error: HTTPException) -> Response:
    detail = SENTENCES.get(error.status_code) or str(error.detail)
    return problem(error.status_code, detail, headers=dict(error.headers or {}))


async def _invalid(_request: Request, error: RequestValidationError) -> Response:
    fields = [{"field": _path(one["loc"]), "reason": _reason(one)} for one in error.errors()]
    first = fields[0] if fields else {"field": "body", "reason": "is wrong"}
    more = f" (and {len(fields) - 1} more)" if len(fields) > 1 else ""
    return problem(422, f"{first['field']}: {first['reason']}{more}", "invalid", fields=fields[:50])


async def _database(_request: Request, _error: OperationalError) -> Response:
    sentence = "the database does not answer now; try again in a moment, and see `tocsin doctor` if it stays so"
    return problem(503, sentence, "database_unavailable", {"retry-after": "5"})


async def _in_use(_request: Request, _error: IntegrityError) -> Response:
    return problem(409, "another row already has this name, or something still refers to this one", "conflict")


async def _conflict(_request: Request, error: ReviewConflict) -> Response:
    theirs = {name: getattr(error.theirs, name) for name in SHOWN_OF_A_DECISION}
    yours = {name: getattr(error.yours, name) for name in SHOWN_OF_A_DECISION}
    return problem(409, str(error), "conflict", last_review_id=error.theirs.id, theirs=theirs, yours=yours)


def _answers(status: int, slug: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(_request: Request, error: Exception) -> Response:
        return problem(status, _printable(str(error)), slug)

    return answer


def _path(location: tuple[int | str, ...]) -> str:
    """Write ("body", "items", 3, "url") as items[3].url."""
    path = ""
    for part in location[1:] or location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return _printable(path[:200])


def _reason(error: Any) -> str:
    if error["type"] == "json_invalid":
        return f"the body is no JSON ({error.get('ctx', {}).get('error', 'unreadable')})"
    return _printable(str(error["msg"]).removeprefix("Value error, ")[:300])


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
