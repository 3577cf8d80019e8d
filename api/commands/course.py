"""`tocsin course`: the invented cases that reviewers practise on, taken in or out."""

import click

from api.commands.context import now, open_database, read_settings


@click.group()
def course() -> None:
    """Take the training course for Module 4 in or out; it touches no queue and no count."""


@course.command()
@click.option("--by", required=True, help="Name of the account that answers for it.")
def load(by: str) -> None:
    """Take the course in, or what is missing of it."""
    from api import course as cases
    from api.accounts import named
    from models.database import writing

    settings = read_settings()
    with writing(open_database(settings)) as session:
        added = cases.load(session, named(session, by), settings.ingest, now())
    click.echo(f"{added} cases added; reviewers find them under /training")


@course.command()
@click.option("--by", required=True, help="Name of the account that answers for it.")
def remove(by: str) -> None:
    """Take the course out; what was answered is kept."""
    from api import course as cases
    from api.accounts import named
    from models.database import writing

    with writing(open_database(read_settings())) as session:
        taken = cases.take_out(session, named(session, by), now())
    click.echo(f"{taken} cases taken out")
