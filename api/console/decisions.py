"""Between a form and a decision: read what was typed, show it again, and say a decision in words.

It knows what a form's fields are called and what a decision holds; whether a decision can be kept is `api.reviews`'
business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.datastructures import FormData

from api.console import words
from api.console.desk import many, one
from api.console.translation import Spoken
from api.console.translation import gettext as _
from api.reviews import Decision
from models.review import WORKSHEET_PARTS, Review

MET = {"yes": True, "no": False}
SPOKEN_MET = Spoken({True: "met", False: "not met", None: "not decided"})


@dataclass(frozen=True)
class Machine:
    """What the model said, in the terms of the form; `silent` when it abstained and named no signal."""

    signals: tuple[str, ...]
    stage: int
    stance: str
    targets: tuple[str, ...]
    target_names: tuple[str, ...]
    silent: bool = False


@dataclass(frozen=True)
class DecisionForm:
    """Everything the form shows."""

    signals: list[str]
    stage: int
    stance: str
    targets: list[str]
    target_names: str
    worksheet: dict[str, dict[str, str]]
    tier: str
    hallmarks: list[str]
    indicators: list[str]
    note: str
    meaning: str
    open_labels: bool
    open_worksheet: bool
    last_review_id: int = 0
    error: str = ""
    action: str = ""
    here: str = ""
    proposals: Mapping[str, str] = field(default_factory=dict)


def form_of(decision: Decision, machine: Machine, **more: Any) -> DecisionForm:
    """Return the form that shows `decision`, filled with the model's labels where it corrects none."""
    corrected = decision.signals is not None or decision.targets is not None or decision.target_names is not None
    corrected = corrected or decision.stage is not None or decision.stance is not None
    return DecisionForm(
        signals=list(machine.signals if decision.signals is None else decision.signals),
        stage=machine.stage if decision.stage is None else decision.stage,
        stance=decision.stance or machine.stance,
        targets=list(machine.targets if decision.targets is None else decision.targets),
        target_names="\n".join(machine.target_names if decision.target_names is None else decision.target_names),
        worksheet={part: _shown_part(decision.worksheet.get(part, {})) for part in WORKSHEET_PARTS},
        tier=decision.tier or "",
        hallmarks=decision.hallmarks,
        indicators=decision.indicators,
        note=decision.note or "",
        meaning=what_confirming_means(machine),
        open_labels=corrected or machine.silent,
        open_worksheet=bool(decision.worksheet or decision.tier),
        **more,
    )


def read_decision(form: FormData, machine: Machine) -> Decision:
    """Read a decision out of what was sent; labels left as the model had them are no correction."""
    seen = one(form, "last_review_id")
    decision = Decision(
        verdict=one(form, "verdict"),
        worksheet=read_worksheet(form),
        tier=one(form, "tier") or None,
        hallmarks=many(form, "hallmarks"),
        indicators=many(form, "indicators"),
        note=one(form, "note") or None,
        last_review_id=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else 0,
    )
    if one(form, "labels") != "shown":
        return decision
    stage, names = one(form, "stage"), [line.strip() for line in one(form, "target_names").splitlines()]
    return replace(
        decision,
        signals=_unless(many(form, "signals"), machine.signals),
        targets=_unless(many(form, "targets"), machine.targets),
        target_names=_unless([name for name in names if name], machine.target_names),
        stage=int(stage) if stage in set("01234") - {str(machine.stage)} else None,
        stance=one(form, "stance") if one(form, "stance") not in {"", machine.stance} else None,
    )


def read_worksheet(form: FormData) -> dict[str, Any]:
    """Read the parts of the worksheet that were filled in."""
    parts = {
        part: {"met": MET.get(one(form, f"met_{part}")), "note": one(form, f"why_{part}")} for part in WORKSHEET_PARTS
    }
    return {part: value for part, value in parts.items() if value["met"] is not None or value["note"]}


def decision_of(review: Review) -> Decision:
    """Return what a kept review decided, to go on from."""
    return Decision(
        verdict=review.verdict,
        signals=review.signals,
        stage=review.stage,
        stance=review.stance,
        targets=review.targets,
        target_names=review.target_names,
        worksheet=review.worksheet,
        tier=review.tier,
        hallmarks=review.hallmarks,
        indicators=review.indicators,
        note=review.note,
    )


def in_words(decision: Decision | Review) -> list[str]:
    """Return what was decided besides the verdict, line by line."""
    lines = []
    if decision.signals is not None:
        lines.append(_("Signals: %(names)s", names=_named(decision.signals, words.SIGNALS)))
    if decision.stage is not None:
        lines.append(_("Stage: %(stage)s", stage=words.STAGES.get(decision.stage, str(decision.stage))))
    if decision.stance is not None:
        lines.append(_("The text %(stance)s", stance=words.STANCES.get(decision.stance, decision.stance)))
    if decision.targets is not None:
        lines.append(_("Targets: %(names)s", names=_named(decision.targets, words.TARGETS)))
    if decision.target_names is not None:
        lines.append(_("Groups: %(names)s", names=", ".join(decision.target_names) or _("none")))
    lines += [_in_words(part, answer) for part, answer in decision.worksheet.items()]
    if decision.tier:
        lines.append(_("Tier: %(tier)s", tier=words.TIERS.get(decision.tier, decision.tier)))
    if decision.hallmarks:
        lines.append(_("Hallmarks: %(names)s", names=_named(decision.hallmarks, words.HALLMARKS)))
    if decision.indicators:
        lines.append(_("Consistent with indicators: %(names)s", names=", ".join(decision.indicators)))
    if decision.note:
        lines.append(_("Note: %(note)s", note=decision.note))
    return lines


def what_confirming_means(machine: Machine) -> str:
    """Say beside the buttons what each of them will record."""
    if machine.silent:
        return _("The model said nothing here. To confirm, tick below what applies; to say that nothing does, reject.")
    if not machine.signals:
        return _("The model marked nothing. Confirming keeps it so; tick below what it missed.")
    named = _named(machine.signals, words.SIGNALS)
    rest = _("Reject takes every label away. Unsure leaves it as the model said.")
    if machine.stance == "asserts":
        return _("Confirm keeps “%(names)s”.", names=named) + " " + rest
    stance = words.STANCES[machine.stance]
    return _("Confirm keeps “%(names)s”, and that the text %(stance)s.", names=named, stance=stance) + " " + rest


def _in_words(part: str, answer: Mapping[str, Any]) -> str:
    spoken, met = words.WORKSHEET.get(part, part), SPOKEN_MET[answer.get("met")]
    if answer.get("note"):
        return _("%(part)s %(met)s: %(why)s", part=spoken, met=met, why=answer["note"])
    return _("%(part)s %(met)s", part=spoken, met=met)


def _named(keys: list[str] | tuple[str, ...], spoken: Mapping[str, str]) -> str:
    return ", ".join(spoken.get(key, key) for key in keys) or _("none")


def _unless(values: list[str], same: tuple[str, ...]) -> list[str] | None:
    return None if set(values) == set(same) else values


def _shown_part(answer: Mapping[str, Any]) -> dict[str, str]:
    met = {True: "yes", False: "no"}.get(answer.get("met"), "")  # type: ignore[arg-type]
    return {"met": met, "note": answer.get("note") or ""}
