"""What reviews say of thresholds, as a table and as CSV, and the reviewed texts as a file; nothing is applied here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Request, Response

from api import thresholds
from api.console.desk import At, ConsoleRoute, Posted
from api.console.rendering import HEADERS, page
from api.console.translation import Spoken
from api.dependencies import AllSessions, Now, ReadSession
from api.export import csv_writer
from api.routes import retraining
from classify.decide import always_abstains
from classify.errors import ModelBroken
from classify.scorer import UNREACHABLE, ModelConfig

USUAL = 80
LOWEST, HIGHEST = 10, 99
COLUMNS = (
    *("language", "signal", "present", "suggested", "precision", "low", "high", "reviews", "kept", "found"),
    *("reviews_below_present", "reviews_in_all"),
)
STATUSES: Mapping[str, str] = Spoken(
    {"supported": "supported", "experimental": "experimental", "not evaluated": "not evaluated"}
)

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Measured:
    """What holds in one language: the thresholds of the signals that can be flagged, and the bands around them.

    `reason` is why every text of it goes to people, empty where not.
    """

    code: str
    status: str
    limits: Mapping[str, float]
    bands: Mapping[str, tuple[float, float]]
    reason: str


@router.get("/thresholds")
def show(request: Request, at: At, session: ReadSession) -> Response:
    """Show where each signal's threshold would have to stand; `format=csv` gives the same as a file."""
    at.signed_in.actor.must("lead")
    wanted = asked(request.query_params.get("precision", ""))
    try:
        config = request.app.state.scorer.config()
    except ModelBroken:
        config = None
    judged = thresholds.judged_passages(session)
    rows = thresholds.suggestions(judged, wanted / 100, partial(limits_of, config))
    if request.query_params.get("format") == "csv":
        headers = HEADERS | {"Content-Disposition": 'attachment; filename="thresholds.csv"'}
        return Response(as_csv(rows), media_type="text/csv; charset=utf-8", headers=headers)
    return page(
        "thresholds.html",
        desk=at,
        wanted=wanted,
        rows=rows,
        spoken=[] if config is None else languages_of(config),
        passages=len(judged),
        least=thresholds.LEAST,
        statuses=STATUSES,
        csv=f"/thresholds?precision={wanted}&format=csv",
    )


@router.post("/thresholds/texts")
def take_out(at: At, form: Posted, sessions: AllSessions, now: Now) -> Response:
    """Give the reviewed texts as a file to train on; who took them out is kept."""
    del form  # it has been checked
    at.signed_in.actor.must("admin")
    answer = retraining.answer(sessions, at.account_id, now)
    answer.headers.update(HEADERS)
    return answer


def asked(text: str) -> int:
    """Return the precision that is wanted, as a percentage."""
    whole = text.isascii() and text.isdigit() and len(text) < 4
    return max(LOWEST, min(HIGHEST, int(text))) if whole else USUAL


def limits_of(config: ModelConfig | None, language: str) -> dict[str, float]:
    """Return the threshold of each signal that can be flagged in a language; the general ones for none."""
    if config is None:
        return {}
    limits = config.flag(language) if language != thresholds.EVERY else config.thresholds["flag"]
    return {key: limit for key, limit in limits.items() if limit < UNREACHABLE}


def languages_of(config: ModelConfig) -> list[Measured]:
    """Return what holds in each language that the model was measured in: the supported ones first."""
    found = []
    for code, told in config.languages.items():
        status = told.get("status") or ("supported" if told.get("validated") else "not evaluated")
        bands = {key: limits for key, limits in config.too_close(code).items() if key in limits_of(config, code)}
        found.append(Measured(code, status, limits_of(config, code), bands, always_abstains(code, config) or ""))
    return sorted(found, key=lambda one: ([*STATUSES].index(one.status) if one.status in STATUSES else 9, one.code))


def as_csv(rows: Sequence[thresholds.Suggestion]) -> str:
    """Return the rows as CSV that a spreadsheet may safely open."""
    write = csv_writer(COLUMNS)
    lines = [write({name: name for name in COLUMNS})]
    for row in rows:
        known = row.threshold is not None
        lines.append(
            write(
                {
                    "language": row.language or "all",
                    "signal": row.signal,
                    "present": row.present,
                    "suggested": row.threshold,
                    "precision": row.precision,
                    "low": round(row.low, 4) if known else None,
                    "high": round(row.high, 4) if known else None,
                    "reviews": row.reviews,
                    "kept": row.kept,
                    "found": row.found,
                    "reviews_below_present": row.below,
                    "reviews_in_all": row.total,
                }
            )
        )
    return "".join(lines)
