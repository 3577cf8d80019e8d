"""Is this still the same publisher? What a feed is known by, compared with what it was. Pure.

A domain that ran out or was broken into often answers on with a feed: under another name, from another program, with
links to another site, behind a certificate of another issuer. One such mark changes now and then and is only noted;
several together are a state that lasts until a person has looked. Nothing here stops the source from being read.

Certificates are renewed all the time: a new one from the same issuer, or for the same key, is no change.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

WORDS = re.compile(r"[^\W\d]{2,}")
# Changes within this time count as made together: a site is not taken over in one minute.
TOGETHER = dt.timedelta(days=7)
SEVERAL = 3
LONGEST = 200
REMEMBERED = 4  # values of one mark: some publishers go to and fro between two
CHANGES = 10
MARKS = ("title", "generator", "link_host", "language", "issuer", "organisation")
Identity = dict[str, Any]


def about(
    *,
    title: str | None = None,
    generator: str | None = None,
    link: str | None = None,
    language: str | None = None,
    certificate: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return what a feed is known by: each mark in the form that is compared, empty where it says nothing.

    The program counts without its version, the site without `www.` and in punycode, which shows letters that only look
    alike; the language without its region.
    """
    program = re.sub(r"[\d.]+|\?.*", "", generator or "")
    return {
        "title": _short(title),
        "generator": _short(program),
        "link_host": _host(link or ""),
        "language": _short(language).lower().replace("_", "-").partition("-")[0],
        "issuer": _short((certificate or {}).get("issuer")),
        "organisation": _short((certificate or {}).get("organisation")),
        "key": (certificate or {}).get("key", ""),
    }


def compared(identity: Identity, seen: Mapping[str, str], now: dt.datetime) -> Identity:
    """Return what to remember of a source after it was `seen`; the same object when nothing is new."""
    known: dict[str, list[str]] = identity.get("known", {})
    fresh = {mark: value for mark, value in seen.items() if value and value not in known.get(mark, ())}
    if not fresh:
        return identity
    what = [
        {"mark": mark, "was": known[mark][0], "is": fresh[mark], "at": now.isoformat()}
        for mark in MARKS
        if mark in fresh and known.get(mark) and _differs(mark, known[mark], seen, known)
    ]
    learnt = {mark: [value, *known.get(mark, ())][:REMEMBERED] for mark, value in fresh.items()}
    changes = identity.get("changes", [])
    return {"known": known | learnt, "changes": _with(changes, what, now) if what else changes}


def waiting(identity: Identity) -> list[dict[str, Any]]:
    """Return the changes that nobody has acknowledged, the newest first."""
    return [one for one in identity.get("changes", ()) if not one["acknowledged_at"]]


def open_change(identity: Identity) -> dict[str, Any] | None:
    """Return the change of several marks that nobody has acknowledged, or None."""
    return next((one for one in waiting(identity) if one["grave"]), None)


def sentence(identity: Identity) -> str | None:
    """Say what changed, from what to what and when, while a person has yet to look; None when nobody has to."""
    change = open_change(identity)
    return f"{in_words(change)}; is it still the same publisher?" if change else None


def in_words(change: Mapping[str, Any]) -> str:
    """Say each mark of a change with what it was."""
    said = ""
    for one in change["what"]:
        day, new, old = one["at"][:10], one["is"], one["was"]
        clause = {
            "title": f"since {day} it calls itself {new!r} and not {old!r}",
            "generator": f"since {day} its program is {new!r} and not {old!r}",
            "link_host": f"since {day} it links to {new!r} and not to {old!r}",
            "language": f"since {day} its language is {new!r} and not {old!r}",
            "issuer": f"since {day} its certificate comes from {new!r} and not from {old!r}",
            "organisation": f"since {day} its certificate names {new!r} and not {old!r}",
        }[one["mark"]]
        said = f"{said}; {clause}" if said else clause
    return said


def acknowledged(identity: Identity, by: str, now: dt.datetime) -> Identity:
    """Return what to remember once a person has looked: every change up to now is known and fine, or dealt with."""
    signed = {"acknowledged_at": now.isoformat(), "acknowledged_by": by}
    changes = [one if one["acknowledged_at"] else {**one, **signed} for one in identity.get("changes", ())]
    return {**identity, "changes": changes}


def _differs(mark: str, old: list[str], seen: Mapping[str, str], known: Mapping[str, list[str]]) -> bool:
    """Whether a value that is new is a change: not in a name that only counts on, nor in a certificate of our key."""
    if mark == "title":
        return all(_words(seen[mark]) != _words(one) for one in old)
    if mark in ("issuer", "organisation"):
        return seen["key"] not in known.get("key", ())
    return True


def _with(changes: list[dict[str, Any]], what: list[dict[str, str]], now: dt.datetime) -> list[dict[str, Any]]:
    """Return the changes, the newest first, with one more or with the last one gone on."""
    last = changes[0] if changes else None
    goes_on = last is not None and not last["acknowledged_at"]
    if goes_on and last is not None and not last["grave"]:
        goes_on = now - dt.datetime.fromisoformat(last["at"]) <= TOGETHER
    if not goes_on or last is None:
        new = {"at": now.isoformat(), "what": what, "acknowledged_at": None, "acknowledged_by": None}
        return [new | {"grave": _grave(what)}, *changes][:CHANGES]
    before = {one["mark"]: one for one in last["what"]}
    rows = before | {one["mark"]: one | {"was": before.get(one["mark"], one)["was"]} for one in what}
    merged = [rows[mark] for mark in MARKS if mark in rows]
    return [last | {"what": merged, "grave": last["grave"] or _grave(merged)}, *changes[1:]]


def _grave(what: list[dict[str, str]]) -> bool:
    """Whether marks that changed together ask for a person.

    A name that shares no word with the old one does alone, another name with another program, or any three marks.
    """
    marks = {one["mark"] for one in what}
    unlike = any(one["mark"] == "title" and not _words(one["was"]) & _words(one["is"]) for one in what)
    return unlike or {"title", "generator"} <= marks or len(marks) >= SEVERAL


def _words(title: str) -> frozenset[str]:
    return frozenset(WORDS.findall(title.casefold()))


def _host(link: str) -> str:
    try:
        host = (urlsplit(link).hostname or "").removeprefix("www.")
        return host.encode("idna").decode("ascii")[:LONGEST]
    except ValueError:  # no address, or no name that could be resolved
        return ""


def _short(text: str | None) -> str:
    return " ".join((text or "").split())[:LONGEST]
