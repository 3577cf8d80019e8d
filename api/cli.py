"""The command line: the root command, running an installation and keeping it well.

It knows no rule of its own. Exit codes: 0 done, 1 failed, 2 usage. An error is one sentence on stderr.
"""

import sys
from pathlib import Path
from typing import Any

import click

from api.commands.access import sign_in, token
from api.commands.context import now, open_database, read_settings
from api.commands.course import course
from api.commands.forget import forget
from api.commands.lexicon import lexicon
from api.commands.lists import sources
from api.commands.model import classify, evaluate, train
from api.commands.partners import webhooks
from api.commands.rules import backtest
from api.commands.sources import import_rows

ARROWS = ("poll", "extract", "assess", "raise", "deliver")


class Group(click.Group):
    """The root command: turns the errors that rooms foresee into one sentence and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an unforeseen error keeps its traceback, because it is ours to mend."""
        from sqlalchemy.exc import ArgumentError, OperationalError

        from api.backup import BackupFailed
        from api.errors import ApiError
        from api.settings import BadSettings
        from classify.errors import ClassifyError
        from ingest.errors import IngestError
        from warn.errors import WarnError

        foreseen = (ApiError, BackupFailed, BadSettings, ClassifyError, IngestError, WarnError, ArgumentError)
        try:
            return super().invoke(ctx)
        except foreseen as error:
            raise click.ClickException(str(error)) from error
        except OperationalError as error:
            reason = str(error.orig).strip().splitlines()[0]
            sentence = f"the database cannot be used ({reason}); run `tocsin migrate`, then `tocsin doctor`"
            raise click.ClickException(sentence) from error


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tocsin")
def main() -> None:
    """Watch public media for dehumanizing and inciting language, and wake the right people early.

    Settings are TOCSIN_* variables or tocsin.toml; see docs/settings.md.
    """


@main.command()
def run() -> None:
    """Run everything in one process: migrate, worker, API and console."""
    from api.run import run as run_all

    run_all(read_settings())


@main.command()
def serve() -> None:
    """Serve the API and the console only."""
    from api.run import serve as serve_http

    serve_http(read_settings())


@main.command()
@click.argument("arrows", nargs=-1, type=click.Choice(ARROWS))
def work(arrows: tuple[str, ...]) -> None:
    """Turn the arrows only (all of them, or those named)."""
    from api.run import work as turn_arrows

    turn_arrows(read_settings(), arrows or None)


@main.command()
def migrate() -> None:
    """Bring the database's schema to this version."""
    import migrations
    from models.database import connect

    engine = connect(read_settings().database_url)
    before = migrations.current(engine)
    migrations.upgrade(engine)
    click.echo(f"schema {before or 'empty'} -> {migrations.current(engine)}")


@main.command()
@click.argument("what", type=click.Choice(["assessments", "alerts"]))
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "csv", "xlsx", "parquet"]), default="jsonl", show_default=True
)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="File to write; stdout when absent.")
def export(what: str, form: str, out: Path | None) -> None:
    """Write assessments or alerts as JSONL, CSV, XLSX or Parquet."""
    from api import audit
    from api.export import export_pieces
    from ingest.errors import InputRefused
    from ingest.parquet import missing
    from models.database import reading

    if form == "parquet" and (reason := missing()):
        raise InputRefused(reason)
    sessions = open_database(read_settings())
    audit.note_apart(sessions, None, "text.exported", now(), details={"what": what, "format": form})
    with reading(sessions) as session:
        pieces = export_pieces(session, what, form)
        if out is None:
            sys.stdout.buffer.writelines(pieces)
            return
        with out.open("wb") as target:
            target.writelines(pieces)


@main.command()
def verify() -> None:
    """Walk the evidence and name the first row that was changed, removed or re-ordered."""
    from sqlalchemy import select

    from ingest import log
    from ingest.evidence import verify as walk
    from ingest.log_check import verify_log
    from models.database import reading
    from models.evidence import EvidenceHead

    sessions = open_database(read_settings())
    findings = [*walk(sessions), *verify_log(sessions, now())]
    for finding in findings:
        click.echo(f"position {finding.position}: {finding.problem}", err=True)
    if findings:
        raise click.ClickException("the evidence does not verify; compare with your latest backup")
    with reading(sessions) as session:
        head = session.scalars(select(EvidenceHead)).one_or_none()
        logged = log.head(session)
    click.echo(f"{head.length if head else 0} items verified, head {head.chain_hash if head else '0' * 64}")
    click.echo(f"{logged.size} log entries verified, root {logged.root}")


@main.command()
@click.option("--alert", "alert_id", type=int, default=None, help="Pack this alert with all it rests on.")
@click.option("--assessment", "assessment_id", type=int, default=None, help="Pack this assessment.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The ZIP file to write.")
def bundle(alert_id: int | None, assessment_id: int | None, out: Path) -> None:
    """Pack a case to hand over: rows, raw bytes, custody, proofs, and a script that verifies them."""
    from api.handover import hand_over

    if (alert_id is None) == (assessment_id is None):
        raise click.UsageError("name either --alert or --assessment")
    settings = read_settings()
    sessions, by = open_database(settings), "the operator, on the command line"
    _, packed = hand_over(sessions, settings, None, by, now(), alert_id=alert_id, assessment_id=assessment_id)
    out.write_bytes(packed)
    click.echo(f"{out}: {len(packed):,} bytes; whoever gets it unpacks it and runs python3 verify.py")


@main.command()
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Folder for the copy; backups/ under TOCSIN_HOME when absent.",
)
def backup(folder: Path | None) -> None:
    """Copy the database while it is in use, and check that the copy reads back."""
    from api.backup import back_up

    settings = read_settings()
    click.echo(back_up(settings.database_url, folder or settings.home / "backups", now()))


@main.command()
def doctor() -> None:
    """Look the installation over; exit 1 when something needs a hand."""
    from api.doctor import examine

    bad = 0
    for finding in examine(read_settings(), now()):
        bad += finding.ok is False
        word = {True: "ok", False: "FAILED", None: "note"}[finding.ok]
        click.echo(f"{word:7}{finding.subject}: {finding.sentence}")
    if bad:
        raise click.ClickException(f"{bad} findings need a hand")


for command in (
    sources, import_rows, classify, evaluate, train, course, forget, lexicon, token, sign_in, webhooks, backtest,
):  # fmt: skip
    main.add_command(command)
