"""What the product says of itself: what it is for and not for, how to read a score, what the model can and cannot."""

from fastapi import APIRouter, Response
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from api.console import words
from api.console.desk import At, ConsoleRoute
from api.console.rendering import page, percent
from api.dependencies import ReadSession
from models.assessment import Assessment

LATEST = 20_000  # assessments that the table of languages is made from

router = APIRouter(route_class=ConsoleRoute)


@router.get("/about")
def about(at: At, session: ReadSession) -> Response:
    """Show the page that every score links to."""
    return page("about.html", desk=at, model=model(session), languages=languages(session), signals=signals())


def model(session: Session) -> list[tuple[str, str]]:
    """Return what is known of the model that read last."""
    newest = session.scalars(select(Assessment).order_by(Assessment.id.desc()).limit(1)).first()
    return [("Name and version", newest.model)] if newest else []


def languages(session: Session) -> list[dict[str, object]]:
    """Count texts and abstentions by language among the latest assessments."""
    latest = select(Assessment.language, Assessment.abstained).order_by(Assessment.id.desc()).limit(LATEST).subquery()
    rows = session.execute(
        select(latest.c.language, func.count(), func.sum(case((latest.c.abstained, 1), else_=0)))
        .group_by(latest.c.language)
        .order_by(func.count().desc(), latest.c.language)
    ).all()
    return [
        {"language": language, "texts": texts, "abstained": abstained, "share": percent(abstained / texts)}
        for language, texts, abstained in rows
    ]


def signals() -> list[tuple[str, str]]:
    """Return each signal with when it is marked."""
    return list(words.SIGNALS.items())
