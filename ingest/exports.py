"""Read what people export from platforms: Telegram Desktop's JSON, YouTube's comments, and lists of rows as JSON.

A file of any length is read piece by piece. Only public channels and groups are taken out of a Telegram export: it may
hold private conversations, which are none of our business.
"""

import io
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from ingest.entry import Entry
from ingest.errors import InputRefused
from ingest.readers import youtube
from ingest.readers.loose import at, list_at, name_at, paragraphs, text_at

READ = 256 * 1024
LONGEST_HEAD = 4 * 1024 * 1024
MESSAGES = re.compile(r'"messages"\s*:\s*\[')
CHAT_TYPE = re.compile(r'"type"\s*:\s*"([a-z_]{1,40})"')
CHAT_ID = re.compile(r'"id"\s*:\s*(\d{1,20})')
PUBLIC = ("public_channel", "public_supergroup", "public_group")
# What a row of a file becomes: an entry, a reason why not, or None for what is passed over.
Row = Entry | ValueError | dict[str, Any]


def rows_of(file: BinaryIO, longest: int) -> Iterator[tuple[Row | None, str]]:
    """Yield each row of a JSON document and its text, as far as it is read; raises `InputRefused` for another document.

    `longest` is the most characters one element may have.
    """
    scanner = Scanner(io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape"), longest)
    if scanner.starts_with("["):
        for value, raw in scanner.elements():
            yield (value if isinstance(value, dict) else ValueError("an item must be an object with a text")), raw
        return
    found = False
    while (head := scanner.skip_to(MESSAGES)) is not None:
        found = True
        kind, chat = _last(CHAT_TYPE, head), _last(CHAT_ID, head)
        public = kind in PUBLIC
        if not public:
            yield (
                ValueError(f"a {(kind or 'nameless chat').replace('_', ' ')} was left out: only public ones are read"),
                "",
            )
        for value, raw in scanner.elements():
            yield (telegram_entry(value, chat or "0"), raw) if public else (None, "")
    if not found:
        raise InputRefused("this JSON is neither a list of rows nor an export of Telegram Desktop")


def telegram_entry(message: Any, chat: str) -> Entry | ValueError | None:
    """Return what a message says: its text is a string, or a list of strings and marked-up pieces."""
    number = name_at(message, "id")
    if at(message, "type") != "message":
        return None
    if number is None:
        return ValueError("a message without an identifier")
    text = at(message, "text")
    pieces = text if isinstance(text, list) else [text]
    words = "".join(piece if isinstance(piece, str) else text_at(piece, "text") or "" for piece in pieces)
    answers = [f"– {answer}" for one in list_at(message, "poll", "answers") if (answer := text_at(one, "text"))]
    content = paragraphs(words, text_at(message, "poll", "question"), *answers)
    if not content:
        return None
    times = ("edited_unixtime", "date_unixtime", "edited", "date")
    return Entry(
        content=content,
        external_id=f"{chat}/{number}",
        author=text_at(message, "author") or text_at(message, "from_id") or text_at(message, "from"),
        published=next((moment for name in times if (moment := name_at(message, name))), None),
    )


def unfolded(row: Any) -> list[Any]:
    """Return the rows in a row: a YouTube thread holds a comment and replies, everything else is one."""
    kind = at(row, "kind")
    if kind not in ("youtube#commentThread", "youtube#comment"):
        return [row]
    found: list[Any] = []
    for comment in youtube.comments_of(row):
        name = name_at(comment, "id")
        entry = Entry(external_id=name, **youtube.entry_of(comment, name or ""))
        found.append(entry if name and entry.content else ValueError("a comment without an identifier or a text"))
    return found


class Scanner:
    """Goes through a long JSON text without holding it: skips to a place, then takes the elements of a list."""

    def __init__(self, text: io.TextIOWrapper, longest: int) -> None:
        self.text, self.longest = text, longest
        self.buffer, self.at = "", 0
        self.decoder = json.JSONDecoder(parse_constant=str)

    def starts_with(self, character: str) -> bool:
        """Whether the text begins so; moves behind it if it does."""
        self._more()
        rest = self.buffer.lstrip()
        if not rest.startswith(character):
            return False
        self.at = len(self.buffer) - len(rest) + 1
        return True

    def skip_to(self, pattern: re.Pattern[str]) -> str | None:
        """Move behind the next match and return what lies before it, or None where there is none."""
        while True:
            if found := pattern.search(self.buffer, self.at):
                head, self.at = self.buffer[self.at : found.start()], found.end()
                return head
            if len(self.buffer) - self.at > LONGEST_HEAD:
                self.at = len(self.buffer) - LONGEST_HEAD // 2
            if not self._more():
                return None

    def elements(self) -> Iterator[tuple[Any, str]]:
        """Yield the values of a list and their text, until its end; raises `InputRefused` for what is no JSON."""
        while True:
            self._space()
            if self.buffer[self.at : self.at + 1] == "]":
                self.at += 1
                return
            value, end = self._value()
            raw, self.at = self.buffer[self.at : end], end
            yield value, raw

    def _value(self) -> tuple[Any, int]:
        step = READ
        while True:
            try:
                return self.decoder.raw_decode(self.buffer, self.at)
            except RecursionError:
                raise InputRefused("the JSON is nested too deeply") from None
            except ValueError as error:
                if len(self.buffer) - self.at > self.longest:
                    raise InputRefused(f"one element is longer than {self.longest:,} characters, or no JSON") from None
                # Reading twice as much each time keeps the work in proportion to the length.
                if not self._more(step):
                    raise InputRefused(f"the file ends in the middle, or is no JSON ({error})") from None
                step *= 2

    def _space(self) -> None:
        while True:
            while self.at < len(self.buffer) and self.buffer[self.at] in " \t\r\n,":
                self.at += 1
            if self.at < len(self.buffer) or not self._more():
                return

    def _more(self, size: int = READ) -> bool:
        """Read on, forgetting what has been taken; return whether there was more."""
        piece = self.text.read(size)
        self.buffer, self.at = self.buffer[self.at :] + piece, 0
        return bool(piece)


def _last(pattern: re.Pattern[str], head: str) -> str | None:
    found = pattern.findall(head)
    return str(found[-1]) if found else None
