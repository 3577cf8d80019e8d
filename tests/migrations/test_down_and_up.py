"""Each step of the history can be taken back and taken again, on both databases."""

from alembic import command

import migrations
from models.database import connect


def test_the_history_can_be_walked_back_to_the_first_schema_and_up_again(database_url: str) -> None:
    engine = connect(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations._config(connection), "0001")
    assert migrations.current(engine) == "0001"
    migrations.upgrade(engine)
    assert migrations.current(engine) == migrations.head()
    engine.dispose()
