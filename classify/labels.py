"""What the codebook's keys mean, in our own words: served by `GET /v1/codebook` and shown beside every decision.

The bare keys stand in `models/codebook.py`; this file only explains them. Pure data.
"""

from dataclasses import asdict, dataclass
from typing import Any

from models.codebook import PATHWAYS, SIGNALS, STAGES, STANCES, TARGETS
from models.review import HALLMARKS, WORKSHEET_PARTS

PATHWAY_SIGNALS = {
    "ideology": ("dehumanization", "incitement", "extremist_narrative"),
    "propaganda": ("hate_speech", "propaganda"),
    "escalation": ("discrimination", "incitement"),
    "leadership": ("mobilization",),
    "impunity": ("impunity",),
}
PATHWAY_MEANINGS = {
    "ideology": "The role of ideology and extremist narratives in dehumanization and incitement",
    "propaganda": "Propaganda, hate speech, and media manipulation",
    "escalation": "Escalation dynamics: from discrimination to violence to mass atrocities",
    "leadership": "The psychology of perpetrators and the role of leadership",
    "impunity": "The breakdown of rule of law and the culture of impunity",
}


@dataclass(frozen=True, slots=True)
class Signal:
    """When to mark a signal, and when not."""

    mark: str
    not_for: str


SIGNAL_MEANINGS = {
    "dehumanization": Signal(
        "The passage denies a group's humanity: vermin, animals, disease, filth, demons, machines, objects, not human.",
        "Animal names for no group; a policy that is only described.",
    ),
    "incitement": Signal(
        "The passage calls for, urges, threatens, wishes or plans violence against a group or its members, coded calls "
        "included.",
        "Threats between individuals with no group behind them; news of a threat in the reporter's own words.",
    ),
    "extremist_narrative": Signal(
        "The passage claims supremacy or purity, an existential threat or replacement, accuses in a mirror (they plan "
        "to kill us, so ...), or glorifies perpetrators, hateful organisations or past atrocities.",
        "Academic description.",
    ),
    "hate_speech": Signal(
        "The passage derogates, insults, stereotypes or shows contempt for people because of a protected "
        "characteristic.",
        "Profanity with no group; abuse of a person for what they did; attacks on a party alone.",
    ),
    "propaganda": Signal(
        "The passage turns an audience on a group by fabricated or unfalsifiable atrocity claims, conspiracy, "
        "scapegoating for a crisis, or fear with the group as its object.",
        "Ordinary partisan argument; criticism of a government.",
    ),
    "discrimination": Signal(
        "The passage calls for exclusion, expulsion, boycott, segregation, registration, or for denial of rights, "
        "work, land, marriage or citizenship.",
        "Description of a discriminatory law without support for it.",
    ),
    "mobilization": Signal(
        "An authority or an in-group is summoned against a group: orders, duty, obedience, oath, loyalty tests, "
        "branding of moderates and helpers as traitors, patrols, lists.",
        "Ordinary political rallying with no out-group.",
    ),
    "impunity": Signal(
        "The passage denies, minimises, justifies or celebrates past atrocities, promises that nobody will be "
        "punished, or urges people to bypass courts and police.",
        "Reporting or criticising impunity.",
    ),
}
STAGE_MEANINGS = {
    0: "None.",
    1: "Hostility: prejudice, contempt, slurs.",
    2: "Discrimination: exclusion, expulsion, denial of rights.",
    3: "Violence: threat, call, praise of violence.",
    4: "Mass atrocity: extermination, ethnic cleansing, final solutions, denial or praise of genocide.",
}
STANCE_MEANINGS = {
    "asserts": "The text says it in its own voice.",
    "reports": "The text quotes or describes without endorsing.",
    "condemns": "Counter-speech, correction, solidarity.",
    "reclaims": "In-group use of a hostile word.",
}
TARGET_MEANINGS = {
    "ethnicity_race": "Ethnic group, race, caste, tribe or region of origin.",
    "nationality_migration": "Nationality, refugees, migrants, foreigners.",
    "religion": "Faith or absence of one.",
    "gender": "Women, men, gender.",
    "sexuality_gender_identity": "Sexual orientation and gender identity.",
    "disability": "Disability, illness.",
    "political": "Political opinion or side; never hate speech by itself.",
    "other": "Another group, named or not.",
}


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator of the UN Framework of Analysis (A/70/741-S/2016/71), in our words.

    `basis` says whether text can show it (`speech`) or only people who know the situation (`context`). `verified` says
    whether the number and its sense were read in a copy of the document.
    """

    number: str
    meaning: str
    basis: str = "speech"
    verified: bool = True


RISK_FACTORS = {
    1: "Situations of armed conflict or other forms of instability",
    2: "Record of serious violations of international human rights and humanitarian law",
    3: "Weakness of State structures",
    4: "Motives or incentives",
    5: "Capacity to commit atrocity crimes",
    6: "Absence of mitigating factors",
    7: "Enabling circumstances or preparatory action",
    8: "Triggering factors",
    9: "Intergroup tensions or patterns of discrimination against protected groups",
    10: "Signs of an intent to destroy in whole or in part a protected group",
    11: "Signs of a widespread or systematic attack against any civilian population",
    12: "Signs of a plan or policy to attack any civilian population",
    13: "Serious threats to those protected under international humanitarian law",
    14: "Serious threats to humanitarian or peacekeeping operations",
}
INDICATORS = (
    Indicator("7.6", "Channels of communication come under control (here: many sources of one country fail together)."),
    Indicator("7.14", "Inflammatory rhetoric, propaganda or hate speech against the protected rises.", verified=False),
    Indicator("8.7", "Acts of incitement or hate propaganda that target particular groups or individuals."),
    Indicator("8.11", "Commemorations of past crimes or events that glorify those who did them."),
    Indicator("9.2", "The existence or the recognition of a protected group's identity is denied."),
    Indicator("13.3", "The parties to a conflict grow more radical or extreme."),
    Indicator("13.5", "Conduct that dehumanizes the enemy or parts of the population."),
    Indicator("13.7", "Discourse that reveals a threat of, or incitement to, violence against the protected."),
)
HALLMARK_MEANINGS = {
    "dehumanization": "Describes people as less than human.",
    "accusation_in_a_mirror": "Claims that the others plan what the speaker's side is about to do.",
    "threat_to_group_integrity_or_purity": "Says that the others spoil the group's unity or purity.",
    "assertion_of_attack_against_women_and_girls": "Claims that the others attack the group's women and girls.",
    "questioning_in_group_loyalty": "Brands members who do not join in as traitors.",
}
HALLMARK_ELEMENTS = ("message", "audience", "context", "speaker", "medium")


@dataclass(frozen=True, slots=True)
class WorksheetPart:
    """One of the six parts of the Rabat threshold test; `machine` says whether the product may propose an answer."""

    question: str
    machine: bool = False


WORKSHEET_MEANINGS = {
    "context": WorksheetPart("What was happening socially and politically when this was said?"),
    "speaker": WorksheetPart("What standing does the speaker have with this audience?"),
    "intent": WorksheetPart("Did the speaker mean to turn the audience on the group, beyond carelessness?"),
    "content_form": WorksheetPart("How direct, how provocative, in what form and style?", machine=True),
    "extent": WorksheetPart("How far did it reach: how public, how often, by what means?", machine=True),
    "likelihood": WorksheetPart("How likely, and how soon, could harm follow from it?"),
}
PRINCIPLES = (
    "The product prioritises for review; it never predicts violence.",
    "Speech alone is not a sole precursor of violence, and dangerous speech cannot be identified from content alone.",
    "An item may be consistent with an indicator; the product never says that a risk factor is present.",
    "All six parts of the worksheet must be met for the criminal tier; intent and likelihood are for people only.",
)


def codebook() -> dict[str, Any]:
    """Everything above as one plain structure."""
    return {
        "signals": {key: asdict(SIGNAL_MEANINGS[key]) for key in SIGNALS},
        "pathways": {k: {"meaning": PATHWAY_MEANINGS[k], "signals": list(PATHWAY_SIGNALS[k])} for k in PATHWAYS},
        "stages": {str(stage): STAGE_MEANINGS[stage] for stage in STAGES},
        "stances": {key: STANCE_MEANINGS[key] for key in STANCES},
        "targets": {key: TARGET_MEANINGS[key] for key in TARGETS},
        "risk_factors": {str(number): name for number, name in RISK_FACTORS.items()},
        "indicators": [asdict(indicator) for indicator in INDICATORS],
        "hallmarks": {key: HALLMARK_MEANINGS[key] for key in HALLMARKS},
        "hallmark_elements": list(HALLMARK_ELEMENTS),
        "worksheet": {key: asdict(WORKSHEET_MEANINGS[key]) for key in WORKSHEET_PARTS},
        "principles": list(PRINCIPLES),
    }
