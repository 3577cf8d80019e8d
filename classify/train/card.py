"""The model card: prose, and figures measured now. Run as `python -m classify.train.card DATA > docs/model_card.md`.

It reads the bundled model's own record and measures it on the development splits, the reporting-only suites, our own
held-out texts and the news that training never saw. Nothing is chosen here.
"""

import sys
from pathlib import Path
from typing import Any

from classify.assess import classify_texts
from classify.checkpoint import config_file, folder_of, model_config
from classify.engines import load
from classify.evaluate import Report, evaluate
from classify.language import identify
from classify.rows import read
from classify.scorer import Scorer
from classify.settings import ClassifySettings
from classify.train import rows

FLOORS = {
    "dghs": 0.583, "hatexplain": 0.869, "edos": 0.769, "implicit_hate": 0.742, "cad": 0.654,
    "kenya_moringa": 0.704, "hatemojibuild": None, "stormfront": None, "davidson": None, "mhs_binary": None,
    "nigeria_ml": None, "herdphobia": None, "ftr": 0.740, "ptc": 0.693,
}  # fmt: skip
INCITEMENT_FLOOR = {"edos": 0.652}
PROSE = Path(__file__).parent / "card.md"
NEWS = 3_000


def main() -> None:
    """Print the card."""
    data = Path(sys.argv[1])
    settings = ClassifySettings(explain=False)
    scorer = load(settings)
    told = config_file(folder_of(settings.model))
    tables = {
        "about": _about(told),
        "sets": _sets(scorer, data),
        "signals": _signals(told),
        "authored": _report(evaluate("authored", None, scorer, _quiet)),
        "news": _news(scorer, data),
        "hatecheck": _report(evaluate("hatecheck", data / "evaluate" / "hatecheck.jsonl.gz", scorer, _quiet)),
        "mhc": _report(evaluate("mhc", data / "evaluate" / "mhc.jsonl.gz", scorer, _quiet)),
        "languages": _languages(told),
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
    return f"{value:.3f}" if isinstance(value, float) and (value >= 0.01 or value == 0) else str(value)


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
    for name, floor in FLOORS.items():
        report = evaluate(name, data / "evaluate" / f"{name}.jsonl.gz", scorer, _quiet)
        hate = report.signals.get("hate_speech") or report.signals.get("propaganda")
        incitement = report.signals.get("incitement")
        figures = (hate.macro_f1, hate.best_macro_f1, hate.average_precision) if hate else (None, None, None)
        violent = (incitement.macro_f1, incitement.best_macro_f1) if incitement else (None, None)
        lines.append([name, report.rows, report.flag_macro_f1, *figures, floor, *violent, INCITEMENT_FLOOR.get(name)])
    head = ["set", "rows", "F1 of flag", "F1 of its signal", "at the set's own threshold", "AP", "TF-IDF floor"]
    head += ["F1 of incitement", "at the set's own threshold", "floor"]
    return _table(head, lines)


def _signals(told: dict[str, Any]) -> str:
    keys = ("rows", "positives", "average_precision", "macro_f1", "ece")
    measured = told["card"]["signals_on_dev"]
    return _table(["signal", *keys], [[name, *(row[key] for key in keys)] for name, row in measured.items()])


def _report(report: Report) -> str:
    return f"```\n{report.to_text()}\n```"


def _news(scorer: Scorer, data: Path) -> str:
    lines = []
    english = [row.text for row in rows.negatives(data, unseen=True)]
    found = classify_texts(scorer, english[:NEWS], settings=ClassifySettings(explain=False))
    lines.append(
        ["English, never trained on", len(found), sum(r["flag"] for r in found), sum(r["abstained"] for r in found)]
    )
    others = frozenset({"yo", "ig", "om", "rn", "so", "ha", "am"})
    foreign = [row.text[:400] for row in rows.negatives(data, unseen=True, languages=others)][:500]
    found = classify_texts(scorer, foreign, settings=ClassifySettings(explain=False))
    lines.append(
        ["seven African languages", len(found), sum(r["flag"] for r in found), sum(r["abstained"] for r in found)]
    )
    return _table(["news", "texts", "flagged", "abstained"], lines)


def _languages(told: dict[str, Any]) -> str:
    keys = ("rows", "positives", "macro_f1_hate", "average_precision_hate", "ece_hate", "validated")
    return _table(
        ["rows' tag", *keys], [[name, *(row[key] for key in keys)] for name, row in told["languages"].items()]
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
    points = told["thresholds"]
    return _table(["signal", *points], [[key, *(points[name][key] for name in points)] for key in points["flag"]])


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
        "soft",
        "minutes",
        "seed",
    )
    runs = told["card"]["training"]
    lines = [
        [number, *(run["options"].get(key) for key in keys), run["loss"]] for number, run in enumerate(runs, start=1)
    ]
    return _table(["phase", *keys, "last loss"], lines)


if __name__ == "__main__":
    main()
