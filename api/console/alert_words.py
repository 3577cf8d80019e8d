"""An alert's title and summary in the reader's language, written anew from what the alert keeps.

`warn/words.py` writes them in English when the alert is raised; that is what partners get and what is stored. Here the
same is said from the same details, so a test holds the English of both against each other. Where the details are not
those of an alert that this version raises, what was stored is shown.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from api.console.translation import SOURCE, Spoken, ngettext, speaking
from api.console.translation import gettext as _
from api.console.words import SOURCE_STATES
from models.alert import Alert

SIGNALS: Mapping[str, str] = Spoken(
    {
        "dehumanization": "dehumanization",
        "incitement": "incitement",
        "extremist_narrative": "extremist narrative",
        "hate_speech": "hate speech",
        "propaganda": "propaganda",
        "discrimination": "discrimination",
        "mobilization": "mobilization",
        "impunity": "impunity",
    }
)
PATHWAYS: Mapping[str, str] = Spoken(
    {
        "ideology": "ideology",
        "propaganda": "propaganda",
        "escalation": "escalation",
        "leadership": "leadership",
        "impunity": "impunity",
    }
)
TARGETS: Mapping[str, str] = Spoken(
    {
        "ethnicity_race": "an ethnic or racial group",
        "nationality_migration": "migrants or a nationality",
        "religion": "a religious group",
        "gender": "a gender",
        "sexuality_gender_identity": "a sexual or gender minority",
        "disability": "disabled people",
        "political": "a political group",
        "other": "a group",
    }
)
STAGES: Mapping[int, str] = Spoken({0: "none", 1: "hostility", 2: "discrimination", 3: "violence", 4: "mass atrocity"})
STANCES: Mapping[str, str] = Spoken(
    {"reports": "posts that report hate", "condemns": "counter-speech", "reclaims": "in-group use"}
)
Details = Mapping[str, Any]
Said = tuple[str, str]


def title(alert: Alert) -> str:
    """Return what an alert is called in the reader's language."""
    return said(alert)[0]


def summary(alert: Alert) -> str:
    """Return what an alert rests on in the reader's language."""
    return said(alert)[1]


def said(alert: Alert) -> Said:
    """Return title and summary: as stored in English, and where the details do not tell enough."""
    if speaking().locale == SOURCE:
        return alert.title, alert.summary
    try:
        return written(alert.kind, alert.severity, alert.count, alert.details)
    except (KeyError, IndexError, TypeError, ValueError):
        return alert.title, alert.summary


def written(kind: str, severity: int, count: int, details: Details) -> Said:
    """Write title and summary; raises KeyError and its like where the details are others."""
    if kind == "surge":
        return _surge(details)
    plain = _item(severity, count, details)
    return KINDS[kind](details, *plain) if kind in KINDS else plain


def _item(severity: int, count: int, details: Details) -> Said:
    about, stage = details["about"], details["stage"]
    what = _listed([SIGNALS.get(key, key) for key in about["signals"][:2]]) or _("flagged speech")
    named = about["target_names"][:3] or [TARGETS.get(key, key) for key in about["targets"][:2]]
    head = _against(what, _listed(named)) if named else what
    sources = about["sources"]
    origin = sources[0] if len(sources) == 1 else ngettext("%(num)s source", "%(num)s sources", len(sources))
    told = _(
        "%(posts)s from %(origin)s, language %(languages)s: severity %(severity)s of 100, stage %(stage)s (%(name)s).",
        posts=_posts(count),
        origin=origin,
        languages=", ".join(about["languages"][:5]),
        severity=severity,
        stage=stage,
        name=STAGES[stage],
    )
    return _at(f"{head[:1].upper()}{head[1:]}", about), told


def _surge(details: Details) -> Said:
    rests_on, about = details["rests_on"], details["about"]
    what, value = _subject(rests_on["label"]), rests_on["name"]
    if rests_on["dimension"] == "target":
        what = _against(what, TARGETS.get(value, value))
    elif rests_on["dimension"] == "target_name":
        what = _against(what, value)
    elif rests_on["dimension"] == "language":
        what = _("%(what)s in language %(name)s", what=what, name=value)
    elif rests_on["dimension"] == "source":
        what = _("%(what)s in source %(name)s", what=what, name=value)
    told = _(
        "%(posts)s in %(hours)s h, expected %(expected)s, p = %(p)s; copies count once, measured as a share of "
        "%(scanned)s.",
        posts=_posts(rests_on["observed"]),
        hours=rests_on["window_hours"],
        expected=f"{rests_on['expected']:.1f}",
        p=f"{rests_on['p']:.0e}",
        scanned=_posts(rests_on["scanned"]),
    )
    return _at(_("Surge of %(what)s", what=what), about), told


def _spread(details: Details, plain: str, told: str) -> Said:
    rests_on = details["rests_on"]
    number, across = rests_on["number"], rests_on["across"]
    places = {
        "country": lambda: ngettext("%(num)s country", "%(num)s countries", number),
        "outlet": lambda: ngettext("%(num)s outlet", "%(num)s outlets", number),
        "region": lambda: ngettext("%(num)s region", "%(num)s regions", number),
        "language": lambda: ngettext("%(num)s language", "%(num)s languages", number),
    }[across]()
    voices = ngettext("%(num)s voice", "%(num)s voices", rests_on["voices"])
    hours, rest = rests_on["window_hours"], _lower(plain)
    if rests_on["same"] == "message":
        head = _("One message in %(places)s: %(title)s", places=places, title=rest)
    else:
        head = _("Flagged speech about one group in %(places)s: %(title)s", places=places, title=rest)
    within = _("Within %(hours)s h in %(places)s, %(voices)s.", hours=hours, places=places, voices=voices)
    return head, f"{within} {told}"


def _new_target(details: Details, plain: str, told: str) -> Said:
    rests_on = details["rests_on"]
    before = _(
        "No flagged post had named %(name)s before %(day)s (counted since %(since)s).",
        name=rests_on["name"],
        day=rests_on["since"][:10],
        since=rests_on["history_since"][:10],
    )
    return _("Never named before: %(title)s", title=_lower(plain)), f"{before} {told}"


def _coded_term(details: Details, plain: str, told: str) -> Said:
    rests_on = details["rests_on"]
    before = _(
        "One term in %(texts)s of %(all)s flagged texts, before in %(earlier)s of %(all_earlier)s (z %(z)s; against "
        "unflagged texts z %(other)s).",
        texts=rests_on["texts"],
        all=rests_on["of_texts"],
        earlier=rests_on["texts_before"],
        all_earlier=rests_on["of_texts_before"],
        z=f"{rests_on['z_against_before']:.1f}",
        other=f"{rests_on['z_against_unflagged']:.1f}",
    )
    return _("A term rises with: %(title)s", title=_lower(plain)), f"{before} {told}"


def _outage(details: Details, _plain: str, _told: str) -> Said:
    rests_on = details["rests_on"]
    since, states = rests_on["since"][:16], _listed([SOURCE_STATES.get(key, key) for key in rests_on["states"]])
    if "watched" not in rests_on:
        told = _("It used to answer; since %(since)s it is %(states)s.", since=since, states=states)
        return _("Silent source: %(names)s", names=_listed(rests_on["sources"])), told
    told = _(
        "%(dark)s of %(watched)s sources within %(hours)s h, since %(since)s: %(states)s. A shutdown, a block and a "
        "broken cable look alike from here.",
        dark=rests_on["dark"],
        watched=rests_on["watched"],
        hours=rests_on["window_hours"],
        since=since,
        states=states,
    )
    country = rests_on["country"]
    return _("Sources of one country went dark together (%(country)s)", country=country), told


def _subject(label: str) -> str:
    kind, _colon, rest = label.partition(":")
    if kind == "any":
        return _("flagged posts")
    if kind == "signal":
        return _("posts with %(signal)s", signal=SIGNALS.get(rest, rest))
    if kind == "pathway":
        return _("posts on the pathway %(pathway)s", pathway=PATHWAYS.get(rest, rest))
    return STANCES[rest]


def _against(what: str, whom: str) -> str:
    return _("%(what)s against %(whom)s", what=what, whom=whom)


def _at(head: str, about: Mapping[str, list[str]]) -> str:
    countries = ", ".join(about["countries"][:3])
    return f"{head} ({countries})" if countries else head


def _posts(count: int) -> str:
    return ngettext("%(num)s post", "%(num)s posts", count)


def _listed(names: Iterable[str]) -> str:
    *rest, last = [*names] or [""]
    return _("%(some)s and %(last)s", some=", ".join(rest), last=last) if rest else last


def _lower(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"


KINDS: Mapping[str, Callable[[Details, str, str], Said]] = {
    "spread": _spread,
    "new_target": _new_target,
    "coded_term": _coded_term,
    "outage": _outage,
}
