"""`tocsin sources` and `tocsin import`: what is watched, and what is brought in by hand."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.commands.context import now, open_database, read_settings

if TYPE_CHECKING:
    from api.settings import Settings
    from ingest.discover import Found


@click.group()
def sources() -> None:
    """List, add, check and poll what is watched."""


@sources.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_sources(as_json: bool) -> None:
    """List the sources with their state and why."""
    from sqlalchemy import select

    from models.database import reading
    from models.source import Source

    with reading(open_database(read_settings())) as session:
        rows = list(session.scalars(select(Source).order_by(Source.name)))
    for row in rows:
        if as_json:
            click.echo(
                json.dumps(
                    {
                        "name": row.name,
                        "kind": row.kind,
                        "url": row.url,
                        "enabled": row.enabled,
                        "state": row.state,
                        "reason": row.state_reason,
                    }
                )
            )
        else:
            state = row.state if row.enabled else "off"
            click.echo(f"{state:10} {row.kind:7} {row.name}  {row.url or ''}  {row.state_reason or ''}".rstrip())
    if not rows:
        click.echo("no sources yet; add a shipped pack with `tocsin sources add --pack kenya`", err=True)


@sources.command("add")
@click.argument("address", required=False)
@click.option("--pack", help="A shipped pack (see `tocsin sources packs`) or a TOML file of your own.")
@click.option("--name", help="Name of one source.")
@click.option("--url", help="Its address: a URL or a folder; docs/sources.md says which for each kind.")
@click.option("--kind", default="feed", show_default=True, help="feed, mastodon, telegram, folder...; see the docs.")
@click.option("--language", help="Language code, where the source has one.")
@click.option("--country", help="Two-letter country code.")
@click.option("--region", help="Region inside the country.")
@click.option("--credential", help="Name of the secret in TOCSIN_CREDENTIALS, where one is needed.")
@click.option("--interval", default=900, show_default=True, help="Seconds between two polls.")
@click.option("--items-per-day", type=int, help="Items let through in a day; 0: any number. Default: the setting's.")
@click.option("--move-files/--keep-files", default=True, help="Of a folder: move each file once it was read, or not.")
def add_sources(address: str | None, pack: str | None, name: str | None, **values: Any) -> None:
    """Switch a pack on, or add one source; at ADDRESS, a site's or a feed's, the best feed is found and added."""
    from api.sources import create_source
    from ingest.packs import load_pack
    from models.database import writing

    settings = read_settings()
    sessions = open_database(settings)
    if pack:
        loaded = load_pack(sessions, pack, now(), settings.ingest)
        click.echo(f"{loaded.added} sources added, {loaded.known} were there already")
        return
    if address:
        found = best_at(address, settings)
        values |= {"url": found.url, "kind": found.kind}
        name = name or (found.title or found.url).strip()[:200]
    if not name:
        raise click.UsageError("say an ADDRESS, --pack NAME, or --name NAME with --url URL")
    values["interval_seconds"] = values.pop("interval")
    with writing(sessions) as session:
        source = create_source(session, {"name": name, **values}, now())
    click.echo(f"added {source.name} ({source.url or source.kind}); first poll at once")


def best_at(address: str, settings: "Settings") -> "Found":
    """Return the best that can be watched at an address; raises an `IngestError` that says what was asked."""
    from ingest.discover import best, discover
    from ingest.http import Network

    return best(discover(Network(settings.ingest), settings.ingest, address), address)


@sources.command("packs")
def list_packs() -> None:
    """List the shipped packs."""
    from ingest.packs import list_packs as shipped

    for pack in shipped():
        click.echo(f"{pack.name:12} {len(pack.sources):3} sources  {pack.title}: {pack.description}")


@sources.command("check")
@click.argument("names", nargs=-1)
@click.option("--pack", help="Check the sources of a pack without adding them.")
def check_sources(names: tuple[str, ...], pack: str | None) -> None:
    """Ask sources once, store nothing, and say what they answer; exit 1 when one fails."""
    from sqlalchemy import select

    from ingest.check import check_source
    from ingest.http import Network
    from ingest.packs import read_pack
    from models.database import reading
    from models.source import Source

    settings = read_settings()
    if pack:
        chosen = [Source(**fields) for fields in read_pack(pack).sources]
    else:
        with reading(open_database(settings)) as session:
            query = select(Source).order_by(Source.name)
            chosen = list(session.scalars(query.where(Source.name.in_(names)) if names else query))
    missing = set(names) - {source.name for source in chosen}
    if missing:
        raise click.ClickException(f"there is no source called {', '.join(sorted(missing))}; see `tocsin sources list`")
    network, bad = Network(settings.ingest), 0
    for source in chosen:
        check = check_source(network, settings.ingest, source, now())
        bad += not check.good
        click.echo(f"{check.state:10} {check.name}: {check.sentence}")
    if bad:
        raise click.ClickException(f"{bad} of {len(chosen)} sources do not answer as they should")


@sources.command("poll")
@click.argument("names", nargs=-1)
def poll_sources(names: tuple[str, ...]) -> None:
    """Make sources due now and poll them once (all, or those named)."""
    from api.sources import make_due
    from ingest.extract import extract
    from ingest.http import Network
    from ingest.poll import poll
    from models.database import writing

    settings = read_settings()
    sessions, moment = open_database(settings), now()
    with writing(sessions) as session:
        make_due(session, names, moment)
    network = Network(settings.ingest)
    moved = 0
    while turn := poll(sessions, network, settings.ingest, moment):
        moved += turn
    read = 0
    while turn := extract(sessions, network, settings.ingest, moment):
        read += turn
    click.echo(f"{moved} sources polled, {read} new texts read")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="Name of the source the rows belong to; created when new.")
def import_rows(file: Path, source: str) -> None:
    """Import a CSV, JSON, Parquet, text or WARC file (.gz too) or a .zip of them; again, it imports nothing twice."""
    from ingest.imports import import_file

    settings = read_settings()
    with progress(file.stat().st_size, f"importing {file.name}") as advance:
        result = import_file(open_database(settings), file, source, settings.ingest, now(), advance)
    for place, reason in result.refused[:20]:
        click.echo(f"refused {place}: {reason}", err=True)
    if len(result.refused) > 20:
        click.echo(f"... and {len(result.refused) - 20} more refusals; all are in the database", err=True)
    click.echo(
        f"{result.new} new, {result.versions} new versions, {result.duplicates} known, {len(result.refused)} refused"
        + (f", {result.held} of the new held back by the quota of {source!r}" if result.held else "")
        + (f", {result.erased} erased on request before" if result.erased else "")
    )


@contextmanager
def progress(total: int, label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal, a line every ten seconds otherwise; gives `advance(done, total)`, in bytes."""
    from tqdm import tqdm

    interval = 0.2 if sys.stderr.isatty() else 10
    with tqdm(total=total, desc=label, unit="B", unit_scale=True, mininterval=interval) as bar:
        yield lambda done, _total: bar.update(done - bar.n) and None
