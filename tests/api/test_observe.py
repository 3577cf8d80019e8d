"""A log line is one line, whoever wrote the message, and a crash is told without its message."""

import json
import logging

import pytest

from api.observe import JsonLines, PlainLines

HOSTILE = "one\nERROR forged: two\r\x1b[31m\u2028three"


def record(message: str, error: Exception | None = None) -> logging.LogRecord:
    crash = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("api.test", logging.ERROR, __file__, 1, message, None, crash)


def test_json_lines_are_one_line_each() -> None:
    line = JsonLines().format(record(HOSTILE))
    assert "\n" not in line
    assert json.loads(line)["message"] == HOSTILE


def test_plain_lines_cannot_be_forged() -> None:
    lines = PlainLines().format(record(HOSTILE)).split("\n")
    assert len(lines) == 2
    assert lines[1].startswith("    ")
    assert "\x1b" not in "".join(lines)
    assert "\r" not in "".join(lines)


@pytest.mark.parametrize("formatter", [JsonLines(), PlainLines()])
def test_a_crash_is_told_without_its_message(formatter: logging.Formatter) -> None:
    text = "inrav eht tuo evird"[::-1]
    try:
        int(text)
    except ValueError as error:
        line = formatter.format(record("failed", error))
    assert "ValueError" in line
    assert "test_observe.py" in line
    assert text not in line
