"""The names of groups that are recognised, and an editor of the operator's own: evidence beside the model, no verdict.

The bundled entries cannot be changed here; an entry of the operator's under the same name stands in their place. They
are kept in the file that `TOCSIN_GAZETTEER` names, which workers read again once it has changed.
"""

from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request, Response

from api import audit
from api.console.desk import At, ConsoleRoute, Posted, clean, one
from api.console.rendering import page, see_other
from api.console.translation import gettext as _
from api.dependencies import AllSessions, CurrentSettings, Now
from api.errors import Conflict, Invalid
from classify import gazetteer
from classify.errors import BadGazetteer
from classify.gazetteer import Entry
from models.codebook import TARGETS
from models.database import writing

LONGEST = 500
LONGEST_ALIASES = 5_000
MOST_SHOWN = 300

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Line:
    """One entry as the list shows it; `own` ones are the operator's."""

    entry: Entry
    aliases: str
    own: bool


@router.get("/gazetteer")
def show(request: Request, at: At, settings: CurrentSettings) -> Response:
    """List entries, the operator's first; `q` searches names, `edit` opens one in the form."""
    path = settings.classify.gazetteer
    own, problem = own_entries(path)
    words = clean(request.query_params.get("q", "")).lower()[:LONGEST]
    names = {entry.name for entry in own}
    every = [*own, *(entry for entry in gazetteer.read(gazetteer.BUNDLED) if entry.name not in names)]
    found = [
        line
        for entry in every
        if words in (line := Line(entry, in_words(entry), entry.name in names)).aliases.lower()
        or words in entry.name.lower()
    ]
    edited = next((entry for entry in every if entry.name == request.query_params.get("edit", "")), None)
    return page(
        "gazetteer.html",
        desk=at,
        q=words,
        rows=found[:MOST_SHOWN],
        more=max(0, len(found) - MOST_SHOWN),
        edited=edited,
        own=edited is not None and edited.name in names,
        aliases=in_words(edited) if edited else "",
        writable=path is not None and not problem,
        problem=problem,
    )


@router.post("/gazetteer")
def keep(at: At, form: Posted, *, sessions: AllSessions, settings: CurrentSettings, now: Now) -> Response:
    """Keep an entry under its name, or take the operator's entry of that name away."""
    at.signed_in.actor.must("admin")
    path = settings.classify.gazetteer
    own, problem = own_entries(path)
    if path is None or problem:
        raise Conflict(problem or _("there is no file for names; set TOCSIN_GAZETTEER to one and start again"))
    asked, name = one(form, "act"), " ".join(one(form, "name").split())[:LONGEST]
    others = [entry for entry in own if entry.name != name]
    if asked == "keep":
        others.append(typed(form, name))
    elif asked != "remove":
        raise Invalid(_("the form says neither to keep an entry nor to take it away"))
    try:
        gazetteer.write(path, others)
    except BadGazetteer as refused:
        raise Invalid(str(refused)) from None
    with writing(sessions) as session:
        audit.note(session, at.account_id, "gazetteer.changed", now, details={"name": name, "act": asked})
    return see_other("/gazetteer")


def own_entries(path: Path | None) -> tuple[list[Entry], str]:
    """Return the operator's entries, and what is wrong with their file."""
    try:
        return (gazetteer.read(path) if path else []), ""
    except BadGazetteer as error:
        return [], str(error)


def typed(form: Posted, name: str) -> Entry:
    """Return the entry that was typed; raises Invalid."""
    if not name:
        raise Invalid(_("an entry needs a name; go back and give it one"))
    if one(form, "target") not in TARGETS:
        raise Invalid(_("choose what kind of group it is; go back and do so"))
    values = {key: one(form, key)[:LONGEST] for key in ("target", "region", "source", "benign")}
    return Entry(name=name, aliases=aliases_of(one(form, "aliases")[:LONGEST_ALIASES]), **values)


def aliases_of(text: str) -> dict[str, list[str]]:
    """Read names by language out of lines such as `sw: Wavarni, Mvarni`; a line without a language is for any."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        code, colon, rest = line.partition(":")
        language, names = (code.strip(), rest) if colon else ("*", line)
        some = [" ".join(part.split()) for part in names.split(",") if part.strip()]
        if some:
            found.setdefault(language or "*", []).extend(some)
    return found


def in_words(entry: Entry) -> str:
    """Write names by language as the form takes them."""
    return "\n".join(f"{language}: {', '.join(names)}" for language, names in entry.aliases.items())
