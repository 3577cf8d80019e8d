"""`tocsin lexicon`: the terms that a reviewer should know about, out of and into files."""

from pathlib import Path

import click

from api.commands.context import now, open_database, read_settings


@click.group()
def lexicon() -> None:
    """List, export and import the terms that a reviewer should know about; they are evidence and decide nothing."""


@lexicon.command("list")
@click.option("--language", default=None, help="Only terms of this language, as in sw.")
def list_entries(language: str | None) -> None:
    """List the entries with whose they are and whether they are looked for."""
    from api.lexicon import every
    from models.database import reading

    with reading(open_database(read_settings())) as session:
        rows = every(session)
    for held in rows:
        entry = held.entry
        if language is None or language in entry.languages:
            state = "active" if entry.active else "retired"
            review = f"reviewed by {entry.reviewed_by}" if entry.reviewed_by else "no native review"
            click.echo(
                f"{entry.key:28} {held.origin:8} {state:8} {entry.term}  ({', '.join(entry.languages)}; {review})"
            )


@lexicon.command("export")
@click.option(
    "--all", "everything", is_flag=True, help="The product's entries too, not only your own and changed ones."
)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="File to write; stdout when absent.")
def export_entries(everything: bool, out: Path | None) -> None:
    """Write your entries as JSON Lines, which `import` takes."""
    from api.lexicon import every
    from classify.lexicon import write
    from models.database import reading

    with reading(open_database(read_settings())) as session:
        lines = [f"{write(held.entry)}\n" for held in every(session) if everything or held.origin != "product"]
    if out is None:
        click.echo("".join(lines), nl=False)
    else:
        out.write_text("".join(lines), encoding="utf-8")


@lexicon.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_entries(file: Path) -> None:
    """Take in the entries of FILE under their keys; one wrong line, and none is taken."""
    from api.lexicon import take_in
    from classify.lexicon import read
    from models.database import writing

    entries = read(file)
    with writing(open_database(read_settings())) as session:
        taken = take_in(session, entries, None, now())
    click.echo(f"{taken.added} entries added, {taken.changed} changed, {taken.known} were so already")
