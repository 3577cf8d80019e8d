"""Training: practise on gold cases, see the answer with the codebook's reason, and how it went.

The case stands as it would in the queue, without what others made of it. What is answered here is kept apart from
reviews (`api/training.py`); that a text was read is kept in the audit log like any reading, and counts as exposure,
because it weighs as much.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from api import audit, course, training
from api.console import words
from api.console.assessment import found_or_missing, said_verdict
from api.console.decisions import form_of, read_decision
from api.console.desk import At, ConsoleRoute, Desk, Posted, clean, one
from api.console.passages import machine_of, reading_of
from api.console.rendering import page, see_other
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Id, Now, ReadSession
from api.errors import Invalid, NotFound
from api.gold import Share, counted
from api.queue import Found
from api.reviews import Decision
from classify.labels import SIGNAL_MEANINGS, STANCE_MEANINGS
from models.codebook import PATHWAYS, SIGNALS
from models.database import reading, writing
from models.review import PracticeAnswer

LONGEST_LANGUAGE = 16

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Chosen:
    """What somebody practises on: one pathway, one language, or all of them where these are empty."""

    pathway: str = ""
    language: str = ""


@dataclass(frozen=True)
class Reason:
    """What the codebook says of one label: `applies` by the answer, `said` by who practises, None where unknown."""

    label: str
    applies: bool
    said: bool | None
    why: str


@dataclass(frozen=True)
class Offer:
    """The course that ships with the product: its cases, how many of them are here, and its languages."""

    cases: int
    here: int
    languages: list[str]


@dataclass(frozen=True)
class Member:
    """One who has practised, as a lead sees it."""

    name: str
    score: training.Score


@dataclass(frozen=True)
class Taught:
    """One case as a lead sees it: how many have met it, and how many were right at first."""

    assessment_id: int
    verdict: str
    first: Share


@router.get("/training")
def show(request: Request, at: At, session: ReadSession) -> Response:
    """Show how it went so far, and lead on to the next case."""
    at.signed_in.actor.must("review")
    chosen = chosen_of(request)
    known, every = training.cases(session), training.answers(session, None if at.may_lead else at.account_id)
    given = every.get(at.account_id, {})
    names = training.names(session) if at.may_lead else {}
    return page(
        "training.html",
        desk=at,
        chosen=chosen,
        spoken=sorted({one.language for one in known.values()}),
        course=Offer(len(course.shipped()), course.loaded(session), course.languages()) if at.may_lead else None,
        cases=len(known),
        score=training.score(known.values(), given),
        pathways=training.by_pathway(known, given),
        signals=training.by_signal(known, given),
        next=following(known, given, at, chosen),
        members=[Member(name, training.score(known.values(), every.get(one, {}))) for one, name in names.items()],
        taught=[
            Taught(one, case.verdict, first_answers(case, every.values())) for one, case in known.items() if at.may_lead
        ],
    )


@router.post("/training/course")
def change_course(at: At, form: Posted, *, sessions: AllSessions, settings: CurrentSettings, now: Now) -> Response:
    """Take the course that ships with the product in, or out again."""
    at.signed_in.actor.must("lead")
    with writing(sessions) as session:
        if one(form, "act") == "load":
            course.load(session, at.account_id, settings.ingest, now)
        elif one(form, "act") == "remove":
            course.take_out(session, at.account_id, now)
        else:
            raise Invalid(_("the course can be taken in, or out"))
    return see_other("/training")


@router.get("/training/{assessment_id}")
def read(
    request: Request, assessment_id: Id, at: At, sessions: AllSessions, settings: CurrentSettings, now: Now
) -> Response:
    """Show one case to decide about, as the queue would."""
    at.signed_in.actor.must("review")
    with reading(sessions) as session:
        training.case(session, assessment_id)
        found = found_or_missing(session, assessment_id)
    marked = audit.is_marked(found.assessment)
    audit.note_reading(sessions, at.account_id, ("assessment", assessment_id), now, marked=marked)
    with reading(sessions) as session:
        opened = audit.exposure(session, at.account_id, now)
        seen = reading_of(session, found)
    return page(
        "training_case.html",
        desk=at,
        seen=seen,
        pause_at=opened if 0 < settings.exposure_per_hour <= opened else 0,
        form=form_of(Decision(""), machine_of(found), action=address(assessment_id, chosen_of(request))),
        back=address(None, chosen_of(request)),
    )


@router.post("/training/{assessment_id}")
def answer(request: Request, assessment_id: Id, at: At, form: Posted, *, sessions: AllSessions, now: Now) -> Response:
    """Keep the answer and show what is settled."""
    at.signed_in.actor.must("review")
    with writing(sessions) as session:
        machine = machine_of(found_or_missing(session, assessment_id))
        said = read_decision(form, machine)
        training.keep_answer(session, at.account_id, assessment_id, said.verdict, said.signals, machine.signals, now)
    return see_other(address(assessment_id, chosen_of(request), answer=True))


@router.get("/training/{assessment_id}/answer")
def compare(request: Request, assessment_id: Id, at: At, session: ReadSession) -> Response:
    """Show one's last answer beside what is settled, and why; nobody sees it before answering."""
    at.signed_in.actor.must("review")
    chosen, known = chosen_of(request), training.cases(session)
    given = training.answers(session, at.account_id).get(at.account_id, {})
    mine = given.get(assessment_id)
    if assessment_id not in known or not mine:
        raise NotFound(_("there is no answer of yours here yet; decide about the case first"))
    case, found = known[assessment_id], found_or_missing(session, assessment_id)
    return page(
        "training_answer.html",
        desk=at,
        seen=reading_of(session, found),
        right=case.agrees(mine[-1]),
        said=said_verdict(mine[-1].verdict),
        settled=said_verdict(case.verdict),
        reasons=reasons(case, mine[-1], found),
        voice=_(STANCE_MEANINGS[found.assessment.stance]) if found.assessment.stance != "asserts" else "",
        note=case.reason,
        times=len(mine),
        next=following(known, given, at, chosen),
        back=address(None, chosen),
    )


def reasons(case: training.Case, mine: PracticeAnswer, found: Found) -> list[Reason]:
    """Return the codebook's words for each label that is settled, was said, or was the machine's.

    Those that apply come first. Where only a confirmed case's verdict is settled, what the machine marked applies.
    """
    machine = frozenset(machine_of(found).signals)
    settled = machine if case.signals is None else case.signals
    said = None if mine.signals is None else frozenset(mine.signals)
    told = [key for key in SIGNALS if key in settled | machine | (said or frozenset())]
    made = [
        Reason(
            words.SIGNALS[key],
            key in settled,
            None if said is None else key in said,
            _(SIGNAL_MEANINGS[key].mark if key in settled else SIGNAL_MEANINGS[key].not_for),
        )
        for key in told
    ]
    return sorted(made, key=lambda one: not one.applies)


def following(
    known: Mapping[int, training.Case], given: Mapping[int, list[PracticeAnswer]], at: Desk, chosen: Chosen
) -> str:
    """Return the address of the next case, empty where there is none."""
    found = training.next_case(known, given, at.account_id, chosen.pathway, chosen.language)
    return address(found, chosen) if found else ""


def first_answers(case: training.Case, every: Iterable[Mapping[int, list[PracticeAnswer]]]) -> Share:
    """Count everybody's first answers to one case."""
    met = [given[case.assessment_id][0] for given in every if given.get(case.assessment_id)]
    return counted(map(case.agrees, met))


def chosen_of(request: Request) -> Chosen:
    """Return what is practised, out of the address."""
    pathway, language = (clean(request.query_params.get(name, "")) for name in ("pathway", "language"))
    return Chosen(pathway if pathway in PATHWAYS else "", language[:LONGEST_LANGUAGE])


def address(assessment_id: int | None, chosen: Chosen, *, answer: bool = False) -> str:
    """Return the address of a case, of its answer, or of the page with the score."""
    path = "/training" if assessment_id is None else f"/training/{assessment_id}{'/answer' if answer else ''}"
    asked = {name: value for name, value in asdict(chosen).items() if value}
    return path + (f"?{urlencode(asked)}" if asked else "")
