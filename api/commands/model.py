"""`tocsin classify`, `evaluate` and `train`: the model from the command line."""

import json
import logging
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from api.commands.context import read_settings


@click.command()
@click.argument("file", default="-", type=click.File("rb"))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "jsonl"]),
    default=None,
    help="How FILE is read; by its ending when absent, else one text per line.",
)
@click.option("--column", default="text", show_default=True, help="The column or key that holds the text.")
@click.option("--language", default=None, help="The language of all texts, where it is known.")
def classify(file: Any, form: str | None, column: str, language: str | None) -> None:
    """Classify texts: one JSON object per input, in order, on stdout. Nothing is stored."""
    from api.inputs import read_texts
    from classify.assess import classify_texts
    from classify.engines import load

    settings = read_settings()
    scorer = load(settings.classify)
    for batch in _batches(read_texts(file, form, column), 256):
        for result in classify_texts(scorer, batch, [language] * len(batch) if language else None):
            click.echo(json.dumps(result, ensure_ascii=False))


@click.command()
@click.option(
    "--suite",
    required=True,
    help="authored, swap (each also -fr, -sw, ...), rationales, or any name for --data.",
)
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The suite's JSONL file (.gz too); `authored` and `swap` need none.",
)
@click.option("--json", "as_json", is_flag=True, help="The whole report as JSON.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the report as text and JSON and, where signals were measured, reliability plots as SVG.",
)
def evaluate(suite: str, data: Path | None, as_json: bool, out: Path | None) -> None:
    """Measure the model on a suite and print the tables."""
    from classify.engines import load
    from classify.evaluate import Report, measure
    from classify.plots import reliability_svg

    settings = read_settings().classify
    report = measure(suite, data, load(settings), settings)
    click.echo(report.to_json() if as_json else report.to_text())
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.txt").write_text(report.to_text() + "\n", encoding="utf-8")
    (out / "report.json").write_text(report.to_json() + "\n", encoding="utf-8")
    if isinstance(report, Report) and report.signals:
        drawing = reliability_svg(report.signals, f"Reliability on {suite}, {report.model}")
        (out / "reliability.svg").write_text(drawing, encoding="utf-8")


@click.command()
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="TOML file with the run's options; the bundled model's own when absent.",
)
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with train/, evaluate/ and negatives/.",
)
@click.option(
    "--base",
    default=None,
    help="Folder of an earlier run (OUT/run) to go on from, or folder or hub name of a BERT or RoBERTa base.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the trained model.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in --out.")
def train(config: Path | None, data: Path, base: str | None, out: Path, resume: bool) -> None:
    """Train a model of your own; TOCSIN_MODEL then points to its folder."""
    from classify.train import ngrams
    from classify.train.bundle import bundle
    from classify.train.run import lineup_of, options_from
    from classify.train.run import train as fit

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = options_from(config, data=data, base=base, out=out / "run", resume=resume)
    trained = fit(options)
    if find_spec("sklearn") is None:
        click.echo(
            "scikit-learn is not installed: the model gets no n-gram reader (pip install scikit-learn)", err=True
        )
    else:
        click.echo("trained; fitting the n-gram reader", err=True)
        ngrams.fit(lineup_of(options.lineup, data), data, trained)
    click.echo("trained; choosing thresholds and packing", err=True)
    click.echo(f"written to {bundle(trained, data, out, 'own')}: set TOCSIN_MODEL to it")


def _batches(texts: Iterator[str], size: int) -> Iterator[list[str]]:
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
