"""What the product says of itself: what it is for and not for, how to read a score, what the model can and cannot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from api.console.desk import At, ConsoleRoute
from api.console.rendering import page
from api.dependencies import ReadSession
from classify.errors import ModelBroken
from models.assessment import Assessment

LATEST = 5_000  # assessments that the table of languages is made from


@dataclass(frozen=True)
class Language:
    """One language: whether the model was validated on it, how well it did on hate speech, and what came in."""

    code: str
    validated: bool
    rows: int | None
    macro_f1: float | None
    texts: int
    abstained: int


router = APIRouter(route_class=ConsoleRoute)


@router.get("/about")
def about(request: Request, at: At, session: ReadSession) -> Response:
    """Show the page that every score links to."""
    try:
        card: dict[str, Any] = request.app.state.scorer.card()
        broken = ""
    except ModelBroken as error:
        card, broken = {}, str(error)
    return page(
        "about.html",
        desk=at,
        model=card.get("model", ""),
        broken=broken,
        languages=languages(session, card.get("languages") or {}),
    )


def languages(session: Session, known: Mapping[str, Mapping[str, Any]]) -> list[Language]:
    """Return what was measured for each language, and how much of it came in among the latest texts."""
    newest = select(Assessment.language, Assessment.abstained).where(Assessment.current).order_by(Assessment.id.desc())
    latest = newest.limit(LATEST).subquery()
    rows = session.execute(
        select(latest.c.language, func.count(), func.sum(case((latest.c.abstained, 1), else_=0))).group_by(
            latest.c.language
        )
    )
    counts = {language: (texts, abstained) for language, texts, abstained in rows}
    found = [
        Language(
            code,
            bool(known.get(code, {}).get("validated")),
            known.get(code, {}).get("rows"),
            known.get(code, {}).get("macro_f1_hate"),
            *counts.get(code, (0, 0)),
        )
        for code in {*known, *counts}
    ]
    return sorted(found, key=lambda one: (-one.texts, not one.validated, one.code))
