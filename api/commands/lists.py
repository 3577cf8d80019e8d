"""`tocsin sources find`, `import` and `export`: what can be watched at an address, and lists of sources as OPML."""

from pathlib import Path

import click

from api.commands.context import now, open_database, read_settings
from api.commands.sources import sources

__all__ = ["sources"]


@sources.command("find")
@click.argument("address")
def find_sources(address: str) -> None:
    """Look for feeds, news sitemaps and pages of articles at ADDRESS; stores nothing."""
    from ingest.discover import best, discover
    from ingest.http import Network

    settings = read_settings()
    discovery = discover(Network(settings.ingest), settings.ingest, address)
    best(discovery, address)  # says what was asked when nothing was found
    for found in discovery.found:
        newest = f", the newest of {found.newest:%Y-%m-%d}" if found.newest else ""
        click.echo(f"{found.kind:8} {found.url}  {found.title or ''}  ({found.entries} entries{newest}; {found.how})")


@sources.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_list(file: Path) -> None:
    """Watch the sources of an OPML FILE; known addresses are left as they are."""
    from api.opml import take_in
    from models.database import writing

    with writing(open_database(read_settings())) as session:
        taken = take_in(session, file.read_bytes(), now())
    for name, reason in taken.refused:
        click.echo(f"refused {name!r}: {reason}", err=True)
    click.echo(f"{taken.added} sources added, {taken.known} were there already, {len(taken.refused)} refused")


@sources.command("export")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="File to write; stdout when absent.")
def export_list(out: Path | None) -> None:
    """Write the sources as OPML, which feed readers can read."""
    from api.opml import give_out
    from models.database import reading

    with reading(open_database(read_settings())) as session:
        text = give_out(session)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
