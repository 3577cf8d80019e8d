"""`tocsin forget`: apply the ages and budgets now, or erase one text because somebody has a right to it."""

import click

from api.commands.context import now, open_database, read_settings


@click.command("forget")
@click.option("--document", type=int, help="Number of the document to erase, in all its versions.")
@click.option("--copies", is_flag=True, help="Erase its near-copies at other sources too.")
@click.option("--reason", help="Why; kept in the log of forgetting, so name no person and quote no text.")
@click.option("--by", default="operator", show_default=True, help="Who decided it.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.option("--scrub/--no-scrub", default=True, help="Also clean the database's files, which takes a while.")
def forget(document: int | None, copies: bool, reason: str | None, by: str, yes: bool, scrub: bool) -> None:
    """Apply the settings' ages and budgets now; with --document, erase one text for good."""
    from ingest import forget as forgetting
    from models.database import reading
    from models.database import scrub as scrub_files

    settings = read_settings()
    sessions = open_database(settings)
    if document is None:
        if copies or reason:
            raise click.UsageError("say which text with --document NUMBER")
        total = 0
        while moved := forgetting.forget(sessions, settings.ingest, now()):
            total += moved
        click.echo(f"{total} texts and raw answers forgotten")
        return
    if not (reason or "").strip():
        raise click.UsageError("say why with --reason; the log of forgetting keeps it")
    with reading(sessions) as session:
        items = forgetting.versions_of(session, document, copies=copies)
    if not yes:
        click.confirm(
            f"Erase {len(items)} versions for good, and every raw answer of their sources since then?", abort=True
        )
    row = forgetting.erase(sessions, items, str(reason).strip(), by, now())
    if scrub:
        scrub_files(sessions)
    click.echo(f"erased {row.items} items, {row.documents} texts, {row.bodies} raw answers ({row.bytes:,} bytes)")
    copies_elsewhere = sorted(path.name for path in (settings.home / "backups").glob("tocsin-*"))
    if copies_elsewhere:
        click.echo(
            f"still in the backups made before, delete them when newer ones exist: {', '.join(copies_elsewhere)}"
        )
    click.echo("exports, and what partners were told, are not here: alerts carry no text, exports do", err=True)
