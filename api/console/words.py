"""Short names for the keys and states that the console shows; what they mean is told by `classify/labels.py`."""

from collections.abc import Mapping

from api.console.translation import Spoken

SIGNALS: Mapping[str, str] = Spoken(
    {
        "dehumanization": "Dehumanization",
        "incitement": "Incitement to violence",
        "extremist_narrative": "Extremist narrative",
        "hate_speech": "Hate speech",
        "propaganda": "Propaganda",
        "discrimination": "Call to discriminate",
        "mobilization": "Mobilization against a group",
        "impunity": "Impunity for atrocities",
    }
)
PATHWAYS: Mapping[str, str] = Spoken(
    {
        "ideology": "Ideology",
        "propaganda": "Propaganda",
        "escalation": "Escalation",
        "leadership": "Leadership",
        "impunity": "Impunity",
    }
)
STAGES: Mapping[int, str] = Spoken(
    {
        0: "0 (none)",
        1: "1 (hostility)",
        2: "2 (discrimination)",
        3: "3 (violence)",
        4: "4 (mass atrocity)",
    }
)
STANCES: Mapping[str, str] = Spoken(
    {
        "asserts": "asserts it",
        "reports": "reports it",
        "condemns": "condemns it",
        "reclaims": "reclaims it",
    }
)
TARGETS: Mapping[str, str] = Spoken(
    {
        "ethnicity_race": "Ethnicity or race",
        "nationality_migration": "Nationality or migration",
        "religion": "Religion",
        "gender": "Gender",
        "sexuality_gender_identity": "Sexuality or gender identity",
        "disability": "Disability",
        "political": "Political",
        "other": "Other group",
    }
)
STATUSES: Mapping[str, str] = Spoken(
    {
        "unreviewed": "not looked at yet",
        "confirmed": "confirmed by a person",
        "rejected": "rejected by a person",
        "unsure": "a person was unsure",
        "disputed": "reviewers disagree",
    }
)
VERDICTS: Mapping[str, str] = Spoken({"confirmed": "Confirm", "rejected": "Reject", "unsure": "Unsure"})
DECIDED: Mapping[str, str] = Spoken(
    {
        "confirmed": "You confirmed it.",
        "rejected": "You rejected it.",
        "unsure": "You were unsure.",
    }
)
TIERS: Mapping[str, str] = Spoken(
    {
        "criminal": "Criminal (all six parts met)",
        "civil_administrative": "Civil or administrative",
        "concern": "Of concern",
    }
)
WORKSHEET: Mapping[str, str] = Spoken(
    {
        "context": "Context",
        "speaker": "Speaker",
        "intent": "Intent",
        "content_form": "Content and form",
        "extent": "Extent",
        "likelihood": "Likelihood",
    }
)
HALLMARKS: Mapping[str, str] = Spoken(
    {
        "dehumanization": "Dehumanization",
        "accusation_in_a_mirror": "Accusation in a mirror",
        "threat_to_group_integrity_or_purity": "Threat to group integrity or purity",
        "assertion_of_attack_against_women_and_girls": "Assertion of attack against women and girls",
        "questioning_in_group_loyalty": "Questioning in-group loyalty",
    }
)
SOURCE_STATES: Mapping[str, str] = Spoken(
    {
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
        "changed": "is it still the same?",
        "over_quota": "over its quota",
        "paused": "paused",
    }
)
SOURCE_KINDS: Mapping[str, str] = Spoken(
    {
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
)
ALERT_STATES: Mapping[str, str] = Spoken({"open": "open", "acknowledged": "acknowledged", "resolved": "resolved"})
DELIVERY_STATES: Mapping[str, str] = Spoken(
    {
        "pending": "waiting to be sent",
        "delivered": "delivered",
        "failed": "given up; send it again by hand",
    }
)
ARROWS: Mapping[str, str] = Spoken(
    {
        "poll": "Ask sources",
        "extract": "Read out texts",
        "assess": "Assess texts",
        "raise": "Count and raise alerts",
        "deliver": "Tell partners",
    }
)
ALERT_KINDS: Mapping[str, str] = Spoken(
    {
        "item": "single texts",
        "surge": "a surge",
        "spread": "a spread",
        "new_target": "a new target",
        "coded_term": "a coded term",
        "outage": "an outage",
        "calendar": "a date in the calendar",
    }
)
SIGHTINGS: Mapping[str, str] = Spoken({"seen": "seen", "disputed": "disputed", "confirmed": "known from elsewhere"})
TIMELINE: Mapping[str, str] = Spoken(
    {
        "opened": "opened",
        "grew": "grew",
        "acknowledged": "acknowledged",
        "resolved": "resolved",
        "note": "note",
        "owner": "given an owner",
        "repeated": "partners told again",
        "escalated": "escalated",
        "merged": "merged",
        "engaged": "somebody engaged",
        "tagged": "tagged",
        "inhibited": "held back by another alert",
        "released": "held back no more",
        "seen": "a partner has seen it",
        "disputed": "a partner doubts it",
        "confirmed": "a partner knows it from elsewhere",
        "real": "found to be a real event",
        "unreal": "found to be no event",
    }
)
DELIVERY_EVENTS: Mapping[str, str] = Spoken(
    {
        "alert.opened": "opened",
        "alert.acknowledged": "acknowledged",
        "alert.resolved": "resolved",
        "alert.repeated": "still open",
        "alert.escalated": "nobody has taken it on",
        "webhook.disabled": "an endpoint was switched off",
        "source.trouble": "sources in trouble",
        "source.recovered": "sources well again",
        "webhook.test": "test message",
    }
)
# A review's verdict as the list of decisions says it.
SAID_VERDICTS: Mapping[str, str] = Spoken(
    {"confirmed": "confirmed", "rejected": "rejected", "unsure": "unsure", "withdrawn": "withdrawn"}
)
SUBJECTS: Mapping[str, str] = Spoken(
    {"account": "account", "assessment": "passage", "session": "session", "token": "token"}
)
CAUTIONS: Mapping[str, str] = Spoken(
    {
        "high": "high: an everyday word",
        "medium": "medium: misleads at times",
        "low": "low: seldom harmless",
    }
)
ORIGINS: Mapping[str, str] = Spoken(
    {"product": "the product's", "own": "your own", "changed": "the product's, changed here"}
)
CONTACT_KINDS: Mapping[str, str] = Spoken(
    {
        "partner_desk": "partner desk",
        "community_leader": "community leader",
        "tribal_leader": "tribal leader",
        "religious_leader": "religious leader",
        "institution": "institution",
        "media": "media",
        "other": "other",
    }
)
TOLD: Mapping[str, str] = Spoken(
    {
        "full": "everything but texts",
        "pseudonymised": "no names of sources and groups",
        "counts": "numbers alone",
    }
)
ROLE_NAMES: Mapping[str, str] = Spoken(
    {
        "reader": "Reader",
        "reviewer": "Reviewer",
        "lead": "Lead",
        "admin": "Administrator",
    }
)
# How a browser signed in; before it was kept, there was one way.
VIAS: Mapping[str | None, str] = Spoken(
    {None: "a link", "link": "a link", "password": "a password", "oidc": "single sign-on"}
)
