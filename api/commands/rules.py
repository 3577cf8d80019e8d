"""`tocsin backtest`: what a rule would have done, before anybody is woken by it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.commands.context import now, open_database, read_settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from warn.backtest import Report
    from warn.rules import RuleInput

LONGEST = 92


@click.command()
@click.option("--rule", "name", default=None, help="A rule that is kept, by its name.")
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="A draft as JSON, as POST /v1/rules takes it.",
)
@click.option("--days", type=click.IntRange(1, LONGEST), default=28, show_default=True, help="How far back.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer of POST /v1/rules/backtest.")
def backtest(name: str | None, path: Path | None, days: int, *, as_json: bool) -> None:
    """Replay a rule over what is stored; nothing is kept and nobody is told."""
    import datetime as dt

    from api.routes.rules import BacktestShape
    from models.database import reading
    from warn.backtest import backtest as replay

    if (name is None) == (path is None):
        raise click.UsageError("name either --rule or --file")
    settings, until = read_settings(), now()
    with reading(open_database(settings)) as session:
        rule = _drafted(path) if path else _kept(session, name or "")
        report = replay(session, rule, until - dt.timedelta(days=days), until, settings.warn)
    if as_json:
        click.echo(BacktestShape.model_validate(report, from_attributes=True).model_dump_json(indent=2))
    else:
        _tell(report)


def _kept(session: "Session", name: str) -> "RuleInput":
    """Return a stored rule by its name."""
    from sqlalchemy import select

    from api.errors import BadInput
    from models.alert import Rule
    from warn import rules

    row = session.scalars(select(Rule).where(Rule.name == name)).one_or_none()
    if row is None:
        raise BadInput(f"there is no rule {name!r}; GET /v1/rules and the console list them")
    return rules.input_of(row)


def _drafted(path: Path) -> "RuleInput":
    """Read a draft; a name is not needed yet."""
    import json

    from pydantic import ValidationError

    from api.errors import BadInput
    from api.routes.rules import RuleSent
    from warn.rules import RuleInput

    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        sent = RuleSent.model_validate({"name": "draft"} | given)
    except ValidationError as refused:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in refused.errors())
        raise BadInput(f"{path}: {wrong}") from None
    except (ValueError, TypeError):
        raise BadInput(f"{path} holds no JSON object") from None
    return RuleInput(**sent.model_dump())


def _tell(report: "Report") -> None:
    """Print a report in words."""
    click.echo(f"{report.alarms} alarms, {report.alarms_per_week:.1f} a week")
    if report.precision is not None:
        click.echo(f"right, of what people decided: {report.precision:.0%}")
    elif report.reviews is not None:
        click.echo("nobody has decided about any of it")
    if report.missed is not None:
        click.echo(f"confirmed, and missed by it: {report.missed}")
    if not report.complete:
        click.echo("there was more than could be read; replay fewer days", err=True)
    for week in report.weeks:
        click.echo(f"week from {week.at:%Y-%m-%d}: {week.alarms}")
    for example in report.examples:
        click.echo(f"{example.at:%Y-%m-%d %H:%M}  {example.title}: {example.summary}")
