"""The bare keys of the codebook: the strings in the database, the API, the training files and a model's `config.json`.

What they mean is told by `classify/labels.py`. Nothing is imported, so that a classifier without a database costs the
memory of none.
"""

SIGNALS = (
    "dehumanization",
    "incitement",
    "extremist_narrative",
    "hate_speech",
    "propaganda",
    "discrimination",
    "mobilization",
    "impunity",
)
PATHWAYS = ("ideology", "propaganda", "escalation", "leadership", "impunity")
STANCES = ("asserts", "reports", "condemns", "reclaims")
STAGES = (0, 1, 2, 3, 4)
TARGETS = (
    "ethnicity_race",
    "nationality_migration",
    "religion",
    "gender",
    "sexuality_gender_identity",
    "disability",
    "political",
    "other",
)
