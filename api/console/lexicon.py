"""The lexicon: terms that a reviewer should know about, searched by everybody and kept by administrators.

An entry of the product that is changed here is kept beside it, and the product's can be let stand again. What is
retired is looked for no more and stays to be read.
"""

import datetime as dt
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api import lexicon
from api.console.desk import At, ConsoleRoute, Desk, Posted, clean, many, one
from api.console.rendering import page, see_other, sentence
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.dependencies import AllSessions, Now, ReadSession
from api.errors import ApiError, Conflict, Invalid
from api.lexicon import Held
from classify.lexicon import ANY, LONGEST_TERM, LONGEST_TEXT, Entry
from models.database import reading, writing

MOST_SHOWN = 100
LONGEST_WORD = 200
SHOWN = Spoken(
    {
        "active": "looked for",
        "retired": "retired",
        "own": "your own and changed",
        "unreviewed": "without a native review",
        "all": "all",
    }
)

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Asked:
    """What the list is narrowed to."""

    q: str = ""
    language: str = ""
    show: str = "active"

    def fits(self, held: Held) -> bool:
        """Whether an entry belongs on the list."""
        entry = held.entry
        if self.language and self.language not in entry.languages:
            return False
        words = " ".join((entry.term, *entry.variants, entry.meaning, entry.key, *entry.countries)).casefold()
        return self.q.casefold() in words and self._shows(held)

    def _shows(self, held: Held) -> bool:
        return {
            "active": held.entry.active,
            "retired": not held.entry.active,
            "own": held.origin != "product",
            "unreviewed": held.entry.active and not held.entry.reviewed_by,
        }.get(self.show, True)


@router.get("/lexicon")
def show(request: Request, at: At, session: ReadSession) -> Response:
    """List entries; `q`, `language` and `show` narrow the list, `edit` opens one in the form."""
    asked = {name: clean(request.query_params.get(name, ""))[:LONGEST_WORD] for name in ("q", "language", "show")}
    key = clean(request.query_params.get("edit", ""))
    edited = lexicon.one(session, key) if key else None
    return listing(session, at, Asked(**asked | {"show": asked["show"] or "active"}), edited)


@router.post("/lexicon")
def change(at: At, form: Posted, *, sessions: AllSessions, now: Now) -> Response:
    """Keep an entry, retire it, take it up again, or let the product's own stand; a refused one is shown again."""
    at.signed_in.actor.must("admin")
    asked, key, version = one(form, "act"), one(form, "key"), version_of(one(form, "version"))
    if asked != "keep":
        with writing(sessions) as session:
            act(session, asked, key, version, at.account_id, now)
        return see_other(f"/lexicon?show=all&q={quote(key)}")
    entry = typed(form, key)
    try:
        with writing(sessions) as session:
            kept = lexicon.keep(session, entry, version, at.account_id, now)
    except (Invalid, Conflict) as refused:
        with reading(sessions) as session:
            held = Held(entry, "own" if key else "", version)
            return listing(session, at, Asked(), held, refused)
    return see_other(f"/lexicon?show=own&q={quote(kept.entry.key)}")


def act(session: Session, asked: str, key: str, version: int, account_id: int, now: dt.datetime) -> None:
    """Do what a button says to the entry under a key; raises Invalid for an unknown one."""
    if asked in {"retire", "reinstate"}:
        lexicon.set_active(session, key, version, account_id, now, to=asked == "reinstate")
    elif asked == "restore":
        lexicon.restore(session, key, version, account_id, now)
    else:
        raise Invalid(_("the form does not say what to do with the entry"))


def listing(session: Session, at: Desk, asked: Asked, edited: Held | None, refused: ApiError | None = None) -> Response:
    """Return the page: the list, and for administrators the form with the entry that is edited."""
    every = lexicon.every(session)
    found = [held for held in every if asked.fits(held)]
    spoken = sorted({code for held in every for code in held.entry.languages if code != ANY})
    return page(
        "lexicon.html",
        refused.status if refused else 200,
        desk=at,
        asked=asked,
        spoken=spoken,
        shown_as=SHOWN,
        rows=found[:MOST_SHOWN],
        more=max(0, len(found) - MOST_SHOWN),
        reviewed=sum(bool(held.entry.reviewed_by) for held in every),
        edited=edited,
        entry=edited.entry if edited else Entry("", "", (), "", "", "", ""),
        error=sentence(refused.detail) if refused else "",
    )


def typed(form: Posted, key: str) -> Entry:
    """Return the entry that was typed; it is judged when it is kept."""
    return Entry(
        key=key,
        term=" ".join(one(form, "term")[: LONGEST_TERM + 1].split()),
        variants=tuple(" ".join(line.split()) for line in one(form, "variants").splitlines() if line.strip()),
        languages=listed(one(form, "languages")),
        countries=tuple(code.upper() for code in listed(one(form, "countries"))),
        meaning=one(form, "meaning")[: LONGEST_TEXT + 1],
        benign=one(form, "benign")[: LONGEST_TEXT + 1],
        does_not_prove=one(form, "does_not_prove")[: LONGEST_TEXT + 1],
        source=one(form, "source")[: LONGEST_TEXT + 1],
        consistent_with=tuple(dict.fromkeys(many(form, "consistent_with"))),
        caution=one(form, "caution"),
        reviewed_by=one(form, "reviewed_by")[:LONGEST_WORD],
        reviewed_on=date_of(one(form, "reviewed_on")),
    )


def date_of(text: str) -> dt.date | None:
    """Return the day that was typed, None for none: a review without a day is then refused."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def listed(text: str) -> tuple[str, ...]:
    """Return codes that were typed with commas or spaces between them."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def version_of(text: str) -> int:
    """Return the version that the form was opened with."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
