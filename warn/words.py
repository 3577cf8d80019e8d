"""Plain words for keys: signals, stages, and the UN indicators that speech can be consistent with.

The wording never claims that a risk factor is present, and never repeats what a text says.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

STAGES = ("none", "hostility", "discrimination", "violence", "mass atrocity")

# UN Framework of Analysis for Atrocity Crimes, speech indicators, in the project's own words.
INDICATORS = {
    "7.6": "control of communication channels",
    "7.14": "rise in inflammatory rhetoric, propaganda or hate speech against protected groups",
    "8.7": "acts of incitement or hate propaganda",
    "8.11": "commemorations that glorify perpetrators",
    "9.2": "denial of a protected group's existence or identity",
    "13.3": "radicalization",
    "13.5": "conduct that dehumanizes",
    "13.7": "discourse revealing a threat of or incitement to violence",
}
OF_SIGNAL = {
    "dehumanization": ("13.5",),
    "incitement": ("8.7", "13.7"),
    "extremist_narrative": ("13.3",),
    "propaganda": ("8.7",),
    "mobilization": ("13.3",),
}
OF_KIND = {"surge": ("7.14",), "spread": ("7.14",), "coded_term": ("7.14",), "outage": ("7.6",)}
TARGETS = {
    "ethnicity_race": "an ethnic or racial group",
    "nationality_migration": "migrants or a nationality",
    "religion": "a religious group",
    "gender": "a gender",
    "sexuality_gender_identity": "a sexual or gender minority",
    "disability": "disabled people",
    "political": "a political group",
    "other": "a group",
}
PERSON_DECIDES = "A machine proposes this; a person decides what it means."


def indicators(signals: Iterable[str], *, kind: str) -> list[str]:
    """Name the indicators that such speech is consistent with; kinds that tell of a rise or a silence add theirs."""
    found = set(OF_KIND.get(kind, ()))
    for signal in signals:
        found.update(OF_SIGNAL.get(signal, ()))
    return [key for key in INDICATORS if key in found]


def name(key: str) -> str:
    """Write a key of the codebook as words."""
    return key.replace("_", " ")


def listed(words: Iterable[str]) -> str:
    """Join words as a sentence does: "a, b and c"."""
    *rest, last = [*words] or [""]
    return f"{', '.join(rest)} and {last}" if rest else last


def label(key: str) -> str:
    """Write a tally's label as the subject of a sentence."""
    kind, _, rest = key.partition(":")
    if kind == "any":
        return "flagged posts"
    if kind == "signal":
        return f"posts with {name(rest)}"
    if kind == "pathway":
        return f"posts on the pathway {name(rest)}"
    return {"reports": "posts that report hate", "condemns": "counter-speech", "reclaims": "in-group use"}[rest]


def count(number: int, one: str, many: str) -> str:
    """Write a number with the noun that fits it."""
    return f"{number} {one if number == 1 else many}"


def alert(kind: str, severity: int, number: int, details: Mapping[str, Any]) -> tuple[str, str]:
    """Write an alert's title and summary from its details: what, against whom, where, and what it rests on."""
    if kind == "surge":
        return _surge(details)
    title, summary = _item(severity, number, details)
    return PATTERNS[kind](details, title, summary) if kind in PATTERNS else (title, summary)


def against(about: Mapping[str, list[str]]) -> str:
    """Name whom it is against: groups by name where known, otherwise by class."""
    named = about["target_names"][:3] or [TARGETS.get(key, name(key)) for key in about["targets"][:2]]
    return f" against {listed(named)}" if named else ""


def _item(severity: int, number: int, details: Mapping[str, Any]) -> tuple[str, str]:
    about, stage = details["about"], details["stage"]
    what = listed([name(key) for key in about["signals"][:2]]) or "flagged speech"
    where = f" ({', '.join(about['countries'][:3])})" if about["countries"] else ""
    sources = about["sources"]
    origin = sources[0] if len(sources) == 1 else count(len(sources), "source", "sources")
    title = f"{what[:1].upper()}{what[1:]}{against(about)}{where}"
    summary = (
        f"{count(number, 'post', 'posts')} from {origin}, language {', '.join(about['languages'][:5])}: "
        f"severity {severity} of 100, stage {stage} ({STAGES[stage]})."
    )
    return title, summary


def _surge(details: Mapping[str, Any]) -> tuple[str, str]:
    rests_on, about = details["rests_on"], details["about"]
    subject = label(rests_on["label"])
    where = f" ({', '.join(about['countries'][:3])})" if about["countries"] else ""
    value = rests_on["name"]
    if rests_on["dimension"] == "target":
        aim = f" against {TARGETS.get(value, name(value))}"
    elif rests_on["dimension"] == "target_name":
        aim = f" against {value}"
    elif rests_on["dimension"] in {"language", "source"}:
        aim = f" in {rests_on['dimension']} {value}"
    else:
        aim = ""
    summary = (
        f"{count(rests_on['observed'], 'post', 'posts')} in {rests_on['window_hours']} h, "
        f"expected {rests_on['expected']:.1f}, p = {rests_on['p']:.0e}; copies count once, measured as a share of "
        f"{count(rests_on['scanned'], 'post', 'posts')}."
    )
    return f"Surge of {subject}{aim}{where}", summary


def _spread(details: Mapping[str, Any], title: str, summary: str) -> tuple[str, str]:
    rests_on = details["rests_on"]
    what = "One message" if rests_on["same"] == "message" else "Flagged speech about one group"
    many = "countries" if rests_on["across"] == "country" else f"{rests_on['across']}s"
    voices = count(rests_on["voices"], "voice", "voices")
    where = f"in {rests_on['number']} {many}"
    told = f"Within {rests_on['window_hours']} h {where}, {voices}. {summary}"
    return f"{what} {where}: {_lower(title)}", told


def _new_target(details: Mapping[str, Any], title: str, summary: str) -> tuple[str, str]:
    rests_on = details["rests_on"]
    counted = f"(counted since {rests_on['history_since'][:10]})"
    told = f"No flagged post had named {rests_on['name']} before {rests_on['since'][:10]} {counted}. {summary}"
    return f"Never named before: {_lower(title)}", told


def _coded_term(details: Mapping[str, Any], title: str, summary: str) -> tuple[str, str]:
    rests_on = details["rests_on"]
    now = f"One term in {rests_on['texts']} of {rests_on['of_texts']} flagged texts"
    before = f"before in {rests_on['texts_before']} of {rests_on['of_texts_before']}"
    z = f"z {rests_on['z_against_before']:.1f}; against unflagged texts z {rests_on['z_against_unflagged']:.1f}"
    return f"A term rises with: {_lower(title)}", f"{now}, {before} ({z}). {summary}"


def _outage(details: Mapping[str, Any], _title: str, _summary: str) -> tuple[str, str]:
    rests_on = details["rests_on"]
    since, states = rests_on["since"][:16], name(listed(rests_on["states"]))
    if "watched" not in rests_on:
        return f"Silent source: {listed(rests_on['sources'])}", f"It used to answer; since {since} it is {states}."
    numbers = f"{rests_on['dark']} of {rests_on['watched']} sources within {rests_on['window_hours']} h, since {since}"
    told = f"{numbers}: {states}. A shutdown, a block and a broken cable look alike from here."
    return f"Sources of one country went dark together ({rests_on['country']})", told


def _lower(title: str) -> str:
    return f"{title[:1].lower()}{title[1:]}"


PATTERNS: dict[str, Callable[[Mapping[str, Any], str, str], tuple[str, str]]] = {
    "spread": _spread,
    "new_target": _new_target,
    "coded_term": _coded_term,
    "outage": _outage,
}
