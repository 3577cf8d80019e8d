"""The model card: prose, and figures measured now. Run as `python -m classify.train.card DATA > docs/model_card.md`.

It reads the bundled model's own record and measures it on the development splits, the reporting-only suites, our own
held-out texts and the news that training never saw. Nothing is chosen here.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classify.assess import classify_texts
from classify.checkpoint import config_file, folder_of, model_config
from classify.engines import load
from classify.evaluate import Report, evaluate
from classify.language import identify
from classify.rows import read
from classify.scorer import Scorer
from classify.sentences import NEUTRAL
from classify.settings import ClassifySettings
from classify.swap import evaluate_swap
from classify.train import rows
from classify.train.lineup import FLOORS, MULTILINGUAL, STATED

INCITEMENT_FLOORS = {"edos": 0.652, "sohateful": 0.558}
PROSE = Path(__file__).parent / "card.md"
NEWS = 3_000
APART = ("en", "fr", "sw", "ar", "ha", "am", "om")  # languages with texts that are kept apart
FOREIGN = 200  # articles of one language; some have fewer


def main() -> None:
    """Print the card."""
    data = Path(sys.argv[1])
    settings = ClassifySettings(explain=False, threads=0)
    scorer = load(settings)
    told = config_file(folder_of(settings.model))
    authored, apart = _ours("authored", MULTILINGUAL.languages, scorer), _ours("apart", APART, scorer)
    tables = {
        "about": _about(told),
        "sets": _sets(scorer, data),
        "signals": _signals(told),
        "authored": _report(authored["en"]),
        "authored_languages": _by_language(authored),
        "apart": _report(apart["en"]),
        "apart_languages": _by_language(apart),
        "swap": _swap(scorer),
        "news": _news(scorer, data),
        "hatecheck": _report(evaluate("hatecheck", data / "evaluate" / "hatecheck.jsonl.gz", scorer, _quiet)),
        "mhc": _report(evaluate("mhc", data / "evaluate" / "mhc.jsonl.gz", scorer, _quiet)),
        "languages": _languages(scorer),
        "identification": _identification(data),
        "thresholds": _thresholds(told),
        "datasets": _datasets(told),
        "training": _training(told),
    }
    text = PROSE.read_text(encoding="utf-8")
    for name, table in tables.items():
        text = text.replace(f"<!-- {name} -->", table)
    sys.stdout.write(text)


def _quiet(_done: int, _total: int) -> None:
    """Show nothing while measuring."""


def _table(head: list[str], lines: list[list[Any]]) -> str:
    rows_ = [head, ["---"] * len(head), *([_cell(cell) for cell in line] for line in lines)]
    return "\n".join("| " + " | ".join(line) + " |" for line in rows_)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) and (abs(value) >= 0.01 or value == 0) else str(value)


def _about(told: dict[str, Any]) -> str:
    weights = told["weights"]
    return _table(
        ["what", "value"],
        [
            ["name", f"`{model_config(told).model}`"],
            ["base", f"{told['base']['name']} ({told['base']['licence']}), sha256 `{told['base']['sha256'][:12]}...`"],
            ["weights", f"{weights['kind']}, sha256 `{weights['sha256']}`"],
            ["decisions that int8 changed against full precision", told["card"]["int8_flips"]],
        ],
    )


def _sets(scorer: Scorer, data: Path) -> str:
    lines = []
    for name, use in MULTILINGUAL.datasets.items():
        path = data / "evaluate" / f"{name}.jsonl.gz"
        if not path.exists():
            continue
        report = evaluate(name, path, scorer, _quiet)
        own = report.signals.get(use.reading or "hate_speech")
        incitement = report.signals.get("incitement") if name in INCITEMENT_FLOORS else None
        figures = (own.macro_f1, own.best_macro_f1, own.average_precision) if own else (None, None, None)
        violent = (incitement.macro_f1, incitement.best_macro_f1) if incitement else (None, None)
        floors = (FLOORS.get(name), STATED.get(name))
        lines.append(
            [name, report.rows, report.flag_macro_f1, *figures, *floors, *violent, INCITEMENT_FLOORS.get(name)]
        )
    head = ["set", "rows", "F1 of flag", "F1 of its signal", "at the set's own threshold", "AP"]
    head += ["TF-IDF floor, measured here", "as stated"]
    head += ["F1 of incitement", "at the set's own threshold", "floor"]
    return _table(head, lines)


def _ours(suite: str, languages: Sequence[str], scorer: Scorer) -> dict[str, Report]:
    """The report of a suite of our own by language."""
    names = {language: suite if language == "en" else f"{suite}-{language}" for language in languages}
    return {language: evaluate(name, None, scorer, _quiet) for language, name in names.items()}


def _by_language(reports: Mapping[str, Report]) -> str:
    lines = []
    for language, report in reports.items():
        precise = [figures.average_precision for figures in report.signals.values()]
        about = (report.abstained, report.flag_macro_f1, report.stance_accuracy, report.stage_kappa)
        lines.append([language, report.rows, *about, sum(precise) / max(1, len(precise))])
    return _table(["language", "texts", "abstained", "F1 of flag", "stance", "stage kappa", "mean AP"], lines)


def _signals(told: dict[str, Any]) -> str:
    keys = ("rows", "positives", "average_precision", "macro_f1", "ece")
    of = {"every language": told["card"]["signals_on_dev"], "English": told["languages"]["en"]["figures"]}
    lines = [[name, where, *(row[key] for key in keys)] for where, rows_ in of.items() for name, row in rows_.items()]
    return _table(["signal", "in", *keys], lines)


def _report(report: Report) -> str:
    return f"```\n{report.to_text()}\n```"


def _swap(scorer: Scorer) -> str:
    """Each language's gaps between groups' names, then every name in English, the most suspected first."""
    reports = {language: evaluate_swap(scorer, _quiet, language=language) for language in NEUTRAL}
    head = ["language", "names", "neutral gap", "neutral flagged", "hostile gap", "hostile missed"]
    gaps = [
        [language, of.names, of.neutral_gap, of.neutral_flagged, of.hostile_gap, of.hostile_missed]
        for language, of in reports.items()
    ]
    every = reports["en"].groups
    mean = sum(group.neutral for group in every.values()) / len(every)
    ranked = sorted(every.items(), key=lambda pair: -pair[1].neutral)
    return "\n\n".join(
        [
            _table(head, gaps),
            f"Neutral sentences score {mean:.3f} on average in English; by name, the mean of ten:",
            "; ".join(f"{name} {group.neutral:.3f}" for name, group in ranked) + ".",
        ]
    )


def _news(scorer: Scorer, data: Path) -> str:
    lines = []
    english = [row.text for row in rows.negatives(data, unseen=True)]
    found = classify_texts(scorer, english[:NEWS], settings=ClassifySettings(explain=False))
    lines.append(
        ["English, never trained on", len(found), sum(r["flag"] for r in found), sum(r["abstained"] for r in found)]
    )
    for language in sorted(MULTILINGUAL.news - {"en"}):
        foreign = [row.text for row in rows.negatives(data, unseen=True, languages=frozenset({language}))][:FOREIGN]
        found = classify_texts(scorer, foreign, settings=ClassifySettings(explain=False))
        lines.append([language, len(found), sum(r["flag"] for r in found), sum(r["abstained"] for r in found)])
    return _table(["news", "texts", "flagged", "abstained"], lines)


def _languages(scorer: Scorer) -> str:
    lines = [
        [
            code,
            of["status"],
            ", ".join(
                f"{name} {one['macro_f1']:.3f}, {one['macro_f1_own']:.3f}"
                + (f" ({one['floor']:.3f})" if "floor" in one else "")
                for name, one in of["sets"].items()
            ),
            ", ".join(of["signals"]),
        ]
        for code, of in sorted(scorer.config.languages.items())
    ]
    return _table(
        [
            "language",
            "status",
            "F1 of each set's signal at the threshold, at one half (floor)",
            "signals that may be flagged",
        ],
        lines,
    )


def _identification(data: Path) -> str:
    right: dict[str, list[bool]] = {}
    for row in read(data / "evaluate" / "language_id.jsonl.gz"):
        code, _ = identify(row["text"])
        right.setdefault(row["lang"], []).append(code == row["lang"] or (code == "no" and row["lang"] in {"nb", "nn"}))
    every = [hit for hits in right.values() for hit in hits]
    known = [hit for hits in right.values() if any(hits) for hit in hits]
    return (
        f"{len(right)} languages, {len(every)} sentences: {sum(every) / len(every):.3f} right; over the "
        f"{len([h for h in right.values() if any(h)])} that have a profile or a script of their own, "
        f"{sum(known) / len(known):.3f}."
    )


def _thresholds(told: dict[str, Any]) -> str:
    points = told["thresholds"] | {"flag in English": told["languages"]["en"]["flag"]}
    return _table(
        ["signal", *points], [[key, *(of[key] for of in points.values())] for key in told["thresholds"]["flag"]]
    )


def _datasets(told: dict[str, Any]) -> str:
    return _table(
        ["set", "licence stated", "sha256 of the file read"],
        [[name, entry["licence"], f"`{entry['sha256'][:16]}`"] for name, entry in told["card"]["datasets"].items()],
    )


def _training(told: dict[str, Any]) -> str:
    keys = (
        "batch_tokens",
        "learning_rate",
        "authored_share",
        "negative_share",
        "word_rate",
        "minutes",
        "workers",
        "seed",
    )
    lines = [
        [number, *(run["options"].get(key) for key in keys), run["loss"]]
        for number, run in enumerate(told["card"]["training"], start=1)
    ]
    return _table(["phase", *keys, "last loss"], lines)


if __name__ == "__main__":
    main()
