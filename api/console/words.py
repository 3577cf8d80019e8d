"""Short names for the keys and states that the console shows; what they mean is told by `classify/labels.py`."""

from collections.abc import Mapping

SIGNALS: Mapping[str, str] = {
    "dehumanization": "Dehumanization",
    "incitement": "Incitement to violence",
    "extremist_narrative": "Extremist narrative",
    "hate_speech": "Hate speech",
    "propaganda": "Propaganda",
    "discrimination": "Call to discriminate",
    "mobilization": "Mobilization against a group",
    "impunity": "Impunity for atrocities",
}
PATHWAYS: Mapping[str, str] = {
    "ideology": "Ideology",
    "propaganda": "Propaganda",
    "escalation": "Escalation",
    "leadership": "Leadership",
    "impunity": "Impunity",
}
STAGES: Mapping[int, str] = {
    0: "0 (none)",
    1: "1 (hostility)",
    2: "2 (discrimination)",
    3: "3 (violence)",
    4: "4 (mass atrocity)",
}
STANCES: Mapping[str, str] = {
    "asserts": "asserts it",
    "reports": "reports it",
    "condemns": "condemns it",
    "reclaims": "reclaims it",
}
TARGETS: Mapping[str, str] = {
    "ethnicity_race": "Ethnicity or race",
    "nationality_migration": "Nationality or migration",
    "religion": "Religion",
    "gender": "Gender",
    "sexuality_gender_identity": "Sexuality or gender identity",
    "disability": "Disability",
    "political": "Political",
    "other": "Other group",
}
STATUSES: Mapping[str, str] = {
    "unreviewed": "not looked at yet",
    "confirmed": "confirmed by a person",
    "rejected": "rejected by a person",
    "unsure": "a person was unsure",
    "disputed": "reviewers disagree",
}
VERDICTS: Mapping[str, str] = {"confirmed": "Confirm", "rejected": "Reject", "unsure": "Unsure"}
DECIDED: Mapping[str, str] = {
    "confirmed": "You confirmed it.",
    "rejected": "You rejected it.",
    "unsure": "You were unsure.",
}
TIERS: Mapping[str, str] = {
    "criminal": "Criminal (all six parts met)",
    "civil_administrative": "Civil or administrative",
    "concern": "Of concern",
}
WORKSHEET: Mapping[str, str] = {
    "context": "Context",
    "speaker": "Speaker",
    "intent": "Intent",
    "content_form": "Content and form",
    "extent": "Extent",
    "likelihood": "Likelihood",
}
HALLMARKS: Mapping[str, str] = {
    "dehumanization": "Dehumanization",
    "accusation_in_a_mirror": "Accusation in a mirror",
    "threat_to_group_integrity_or_purity": "Threat to group integrity or purity",
    "assertion_of_attack_against_women_and_girls": "Assertion of attack against women and girls",
    "questioning_in_group_loyalty": "Questioning in-group loyalty",
}
SOURCE_STATES: Mapping[str, str] = {
    "new": "not asked yet",
    "ok": "answers",
    "failing": "failing",
    "throttled": "asks us to wait",
    "no_feed": "answers, but is no feed",
    "silent": "silent",
    "refused": "refused",
    "too_large": "too large",
    "truncated": "cut short",
    "unstable_ids": "everything new each time",
    "future_dates": "dates in the future",
    "guessed_charset": "characters guessed",
    "paused": "paused",
}
SOURCE_KINDS: Mapping[str, str] = {
    "feed": "Feed (RSS, Atom, JSON Feed)",
    "sitemap": "News sitemap",
    "section": "Page of links to articles",
    "page": "One page",
    "mastodon": "Mastodon timeline",
    "bluesky": "Bluesky search or feed",
    "jetstream": "Bluesky stream (Jetstream)",
    "telegram": "Telegram public channel",
    "reddit": "Reddit listing",
    "youtube": "YouTube comments",
    "gdelt": "GDELT news search",
    "folder": "Folder of files",
    "push": "Pushed by a partner",
    "import": "Imported file",
}
ALERT_STATES: Mapping[str, str] = {"open": "open", "acknowledged": "acknowledged", "resolved": "resolved"}
DELIVERY_STATES: Mapping[str, str] = {
    "pending": "waiting to be sent",
    "delivered": "delivered",
    "failed": "given up; send it again by hand",
}
ARROWS: Mapping[str, str] = {
    "poll": "Ask sources",
    "extract": "Read out texts",
    "assess": "Assess texts",
    "raise": "Count and raise alerts",
    "deliver": "Tell partners",
}
