"""Every message of the console, collected from where it stands; `python -m tests.catalogues` updates the catalogues.

Templates are read by the console's own Jinja environment, Python by Babel; words for keys stand in `Spoken({...})`,
what the codebook means in `classify/labels.py`, and what other rooms write in `api/console/sentences.py`. After a
message changed: run it, and translate what is new in `api/console/locales/*.po`.
"""

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po

from api.console.rendering import environment
from api.console.sentences import ELSEWHERE
from api.console.translation import FOLDER, LANGUAGES, SOURCE
from classify import labels
from warn.words import INDICATORS

CONSOLE = FOLDER.parent
TEMPLATE = FOLDER / "console.pot"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
Message = str | tuple[str, ...]


def messages() -> Iterator[tuple[Message, str, str | None]]:
    """Yield every message with the file it stands in and its context; one and many are a pair."""
    for path in sorted((CONSOLE / "templates").glob("*.html")):
        for _line, name, found in environment().extract_translations(path.read_text()):  # type: ignore[attr-defined]
            yield from _of_call(name, found, f"templates/{path.name}")
    for path in sorted(CONSOLE.glob("*.py")):
        for _line, name, found, _comments in extract_python(io.BytesIO(path.read_bytes()), list(KEYWORDS), [], {}):
            yield from _of_call(name, found, path.name)
        yield from ((word, path.name, None) for word in spoken_words(path))
    yield from ((pattern, "sentences.py", None) for pattern in ELSEWHERE.patterns)
    yield from ((text, "codebook", None) for text in codebook_texts())


def spoken_words(path: Path) -> Iterator[str]:
    """Yield the words of each `Spoken({...})` in a file; raises TypeError on one that is not written out."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Spoken":
            (table,) = node.args
            values = table.values if isinstance(table, ast.Dict) else [table]
            for value in values:
                if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
                    raise TypeError(f"{path.name}:{node.lineno}: Spoken() takes a dict of words written out")
                yield value.value


def codebook_texts() -> Iterator[str]:
    """Yield what the codebook's keys mean, as the console shows it."""
    for signal in labels.SIGNAL_MEANINGS.values():
        yield from (signal.mark, signal.not_for)
    yield from labels.STAGE_MEANINGS.values()
    yield from labels.STANCE_MEANINGS.values()
    yield from labels.HALLMARK_MEANINGS.values()
    yield from labels.TARGET_MEANINGS.values()
    yield from labels.PATHWAY_MEANINGS.values()
    yield from labels.PRINCIPLES
    yield from (part.question for part in labels.WORKSHEET_MEANINGS.values())
    yield from (indicator.meaning for indicator in labels.INDICATORS)
    yield from INDICATORS.values()


def collected() -> Catalog:
    """Return the template of all catalogues: every message once, in the order of the files."""
    made = Catalog(project="tocsin", domain="console", charset="utf-8", fuzzy=False)
    for message, file, context in messages():
        text = message if isinstance(message, str) else message[0]
        made.add(message, locations=[(file, 0)], flags=["python-format"] if "%" in text else [], context=context)
    return made


def update() -> None:
    """Write the template, and bring each catalogue up to it."""
    template = collected()
    _write(TEMPLATE, template)
    for locale in LANGUAGES:
        path = FOLDER / f"{locale}.po"
        if locale == SOURCE:
            continue
        known = read_po(io.BytesIO(path.read_bytes()), locale=locale) if path.exists() else Catalog(locale=locale)
        known.update(template, no_fuzzy_matching=True)
        _write(path, known)


def _write(path: Path, catalog: Catalog) -> None:
    """Write without line numbers and dates, so that a catalogue changes only where a message did."""
    for message in catalog:
        message.locations = sorted({(file, 0) for file, _ in message.locations})
        message.lineno = None
    made = io.BytesIO()
    write_po(made, catalog, width=120, ignore_obsolete=True, omit_header=True, include_lineno=False)
    head = [line for line in HEAD if "Plural" not in line or catalog.locale is not None]
    text = "".join(f"{line}\n" for line in head) % {
        "language": catalog.locale_identifier,
        "plural": catalog.plural_forms,
    }
    path.write_text(text + "\n" + made.getvalue().decode())


HEAD = (
    'msgid ""',
    'msgstr ""',
    '"Content-Type: text/plain; charset=utf-8\\n"',
    '"Content-Transfer-Encoding: 8bit\\n"',
    '"Language: %(language)s\\n"',
    '"Plural-Forms: %(plural)s\\n"',
)


def _of_call(name: str | None, found: object, file: str) -> Iterator[tuple[Message, str, str | None]]:
    """Yield the message of one call, its context apart; a call without a text translates what stands elsewhere."""
    texts = [text for text in (found if isinstance(found, tuple) else (found,)) if isinstance(text, str)]
    context = texts.pop(0) if name in {"pgettext", "npgettext"} else None
    if texts:
        yield (texts[0], texts[1]) if name in {"ngettext", "npgettext"} else texts[0], file, context


if __name__ == "__main__":
    update()
