"""Settings are read from variables and a file; whatever is wrong is named at start, all of it at once."""

import stat
from pathlib import Path

import pytest

from api.errors import BadSettings
from api.settings import describe, load
from api.settings_page import page


def test_without_anything_set_it_is_an_embedded_install(tmp_path: Path) -> None:
    settings = load({"TOCSIN_HOME": str(tmp_path)}, tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/tocsin.sqlite"
    assert (settings.host, settings.port, settings.base_url) == ("127.0.0.1", 8080, "http://127.0.0.1:8080")


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('port = 9000\nhost = "::1"\nallowed_networks = ["127.0.0.0/8"]\n')
    settings = load({"TOCSIN_HOME": str(tmp_path), "TOCSIN_PORT": "9001"}, tmp_path)
    assert (settings.port, settings.host, settings.base_url) == (9001, "::1", "http://[::1]:9001")
    assert settings.ingest.allowed_networks == ("127.0.0.0/8",)


def test_a_list_in_a_variable_is_written_with_commas(tmp_path: Path) -> None:
    environ = {"TOCSIN_HOME": str(tmp_path), "TOCSIN_ALLOWED_NETWORKS": "127.0.0.0/8, 10.1.0.0/16"}
    assert load(environ, tmp_path).ingest.allowed_networks == ("127.0.0.0/8", "10.1.0.0/16")


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("TOCSIN_PROT", "1", "did you mean TOCSIN_PORT?"),
        ("TOCSIN_XYZZY", "1", "docs/settings.md"),
        ("TOCSIN_PORT", "eighty", "port is 'eighty' and must be a whole number"),
        ("TOCSIN_PORT", "70000", "between 1 and 65535"),
        ("TOCSIN_LOG_FORMAT", "xml", "one of plain, json"),
        ("TOCSIN_EXPLAIN", "maybe", "true or false"),
        ("TOCSIN_WEBHOOK_SECONDS", "nan", "a number"),
        ("TOCSIN_HOME", "", "a path"),
        ("TOCSIN_PUBLIC_URL", "tocsin.example.org", "https://tocsin.example.org"),
        ("TOCSIN_DATABASE_URL", "mysql://root:hunter2@db/x", "postgresql+psycopg://"),
        ("TOCSIN_DATABASE_URL", "no url, hunter2", "sqlite:///FILE"),
        ("TOCSIN_ALLOWED_NETWORKS", "everything", "TOCSIN_ALLOWED_NETWORKS: allowed_networks"),
        ("TOCSIN_GUARD_HOURS", "3", "TOCSIN_GUARD_HOURS: guard_hours is 3"),
    ],
)
def test_a_mistake_names_itself_and_what_is_right(tmp_path: Path, variable: str, value: str, says: str) -> None:
    with pytest.raises(BadSettings) as caught:
        load({"TOCSIN_HOME": str(tmp_path)} | {variable: value}, tmp_path)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text('# first\nprot = 1\nlog_level = "loud"\n')
    with pytest.raises(BadSettings) as caught:
        load({"TOCSIN_PORT": "x", "TOCSIN_GUARD_HOURS": "3"}, tmp_path)
    told = caught.value.mistakes
    assert len(told) == 4
    assert any("tocsin.toml:2: prot is no setting; did you mean port?" in one for one in told)
    assert any("tocsin.toml:3: log_level" in one for one in told)


@pytest.mark.parametrize("content", ["a\tb = 1", "port = ", 'host = "\\ud800"', "\xff"])
def test_a_broken_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "tocsin.toml").write_bytes(content.encode("latin-1"))
    with pytest.raises(BadSettings, match=r"tocsin\.toml cannot be read"):
        load({}, tmp_path)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="cannot be read"):
        load({"TOCSIN_CONFIG": str(tmp_path / "other.toml")}, tmp_path)


def test_secrets_are_made_once_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    first = load({"TOCSIN_HOME": str(tmp_path)}, tmp_path)
    second = load({"TOCSIN_HOME": str(tmp_path)}, tmp_path)
    assert len(first.ingest.author_key) == 64
    assert first.ingest.author_key == second.ingest.author_key
    assert stat.S_IMODE((tmp_path / "secrets" / "author_key").stat().st_mode) == 0o600
    assert load({"TOCSIN_HOME": str(tmp_path), "TOCSIN_AUTHOR_KEY": "ours"}, tmp_path).ingest.author_key == "ours"


def test_settings_that_are_wrong_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BadSettings):
        load({"TOCSIN_HOME": str(tmp_path / "var"), "TOCSIN_PORT": "x"}, tmp_path)
    assert not (tmp_path / "var").exists()


def test_every_setting_has_one_name_and_a_line_of_help() -> None:
    names = [setting.name for setting in describe()]
    assert len(names) == len(set(names))
    assert all(setting.help for setting in describe())


def test_the_page_of_settings_is_up_to_date() -> None:
    written = Path(__file__).parents[2] / "docs" / "settings.md"
    assert written.read_text(encoding="utf-8") == page(), "run: python -m api.settings_page > docs/settings.md"


def test_credentials_are_held_by_name_and_never_shown_or_made_up(tmp_path: Path) -> None:
    own = {"TOCSIN_HOME": str(tmp_path), "TOCSIN_CREDENTIALS": "tube=s3cret=x, town = t0ken"}
    settings = load(own, tmp_path)
    assert (settings.ingest.credential("tube"), settings.ingest.credential("town")) == ("s3cret=x", "t0ken")
    assert settings.ingest.credential("other") is None
    assert "s3cret" not in repr(settings)
    assert load({"TOCSIN_HOME": str(tmp_path)}, tmp_path).ingest.credentials == ()
    with pytest.raises(BadSettings) as caught:
        load(own | {"TOCSIN_CREDENTIALS": "tube=a,s3cret"}, tmp_path)
    assert "number 2 is not of the form NAME=SECRET" in str(caught.value)
    assert "s3cret" not in str(caught.value)
