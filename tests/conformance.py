"""Run every pack under ../shared/conformance that concerns ingestion: `make conformance`.

The packs are looked for in each folder above this one, so that a second checkout of the repository finds them too.

Prints `pack<TAB>passed/total` and each miss with its reason from conformance_misses.tsv beside this file. Exit 1 when a
miss is not explained, or an explained one passes; 2 when the packs are not here.

What passing means:

- feedparser: the expectation in the file holds for what feedparser makes of the bytes that we hand to it, and the text
  that we read (its HTML clean-up off, in the sandbox, within its limits) has the same entries with the same words.
- gofeed: as many entries as another author's reader finds, with the same links and titles.
- xml_attacks: no feed comes of it, nothing is expanded, and the sandbox survives.
- compressed: what we ask for unpacks, a damaged body is `Truncated`, a bomb and what we never ask for are `TooLarge`.
- ip_guard, ssrf_urls: the verdict that is wanted, every name resolving to loopback.
- mastodon: each recorded status is read with its words, address, language and time, or left out for the right reason.
- jetstream: each recorded event is read: a post with its words, a deletion, or what is no post passed over.

How they come over the wire is tested in `ingest/readers/test_recorded.py` and `test_jetstream.py`.
"""

import datetime as dt
import io
import json
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import feedparser
import yaml

from ingest.decoding import unpacker
from ingest.errors import IngestError, Refused, TooLarge, Truncated
from ingest.guard import addresses_of, checked_url, denial
from ingest.readers import jetstream, mastodon, sandbox
from ingest.readers.markup import prepared
from ingest.text import dump_text

PLACES = [folder / "shared" / "conformance" for folder in Path(__file__).parents[2:]]
PACKS = next((place for place in PLACES if place.is_dir()), PLACES[0])
MISSES = Path(__file__).with_name("conformance_misses.tsv")
SERVED_FROM = "http://127.0.0.1:8097/"  # where the files' own expectations think they are
SECONDS = 10
MEMORY = 768 * 1024 * 1024
HEADER = re.compile(rb"Header:\s*([\w-]+):\s*(.*)")
EXPECT = re.compile(rb"Expect:\s*(.*?)\s*(?:-->)?\s*\n")
WIDE = {b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe\x00\x00": "utf-32", b"\xfe\xff": "utf-16", b"\xff\xfe": "utf-16"}
WIDER = {b"\x00\x00\x00<": "utf-32-be", b"\x00<": "utf-16-be", b"<\x00\x00\x00": "utf-32-le", b"<\x00": "utf-16-le"}
EBCDIC = {b"\x4c\x6f\xa7\x94": "cp037"}
CODINGS = {
    "bomb-gzip.bin": ("gzip", TooLarge),
    "bomb-deflate.bin": ("deflate", TooLarge),
    "bomb-br.bin": ("br", TooLarge),
    "bomb-zstd.bin": ("zstd", TooLarge),
    "html-gzip-deflate.bin": ("gzip, deflate", TooLarge),
    "html-gzip-deflate-gzip.bin": ("gzip, deflate, gzip", TooLarge),
    "html-br.bin": ("br", TooLarge),
    "html-zstd-static-content-size.bin": ("zstd", TooLarge),
    "html-zstd-static-no-content-size.bin": ("zstd", TooLarge),
    "html-zstd-streaming-no-content-size.bin": ("zstd", TooLarge),
    "truncated-crc-error.gz": ("gzip", Truncated),
    "truncated-crc-error-short.gz": ("gzip", Truncated),
    "unexpected-eof.gz": ("gzip", Truncated),
    "html-gzip.bin": ("gzip", None),
    "html-rawdeflate.bin": ("deflate", None),
    "html-zlibdeflate.bin": ("deflate", None),
    "feed-sample1.xml.gz": ("gzip", None),
}
Case = tuple[str, bool]


def main(packs: Path = PACKS, misses: Path = MISSES) -> int:
    """Run all packs and print what came; returns the exit code."""
    if not packs.is_dir():
        print(f"the conformance packs are not here: {packs} is missing; nothing was checked", file=sys.stderr)  # noqa: T201
        return 2
    explained = dict(line.split("\t", 1) for line in misses.read_text().splitlines() if line and line[0] != "#")
    failed: set[str] = set()
    for pack, cases in PARTS.items():
        started, results = time.process_time(), list(cases(packs))
        missed = [f"{pack}/{name}" for name, passed in results if not passed]
        failed.update(missed)
        seconds = time.process_time() - started
        print(f"{pack}\t{len(results) - len(missed)}/{len(results)}\t{seconds:.1f} s of processor time")  # noqa: T201
        for name in missed:
            print(f"  missed {name}: {explained.get(name, 'NOT EXPLAINED')}")  # noqa: T201
        if not results:
            print(f"  {pack} holds no case here")  # noqa: T201
    holds = list(expectations(packs))
    for name, theirs in (("feedparser alone, expectations only", True), ("ours, expectations only", False)):
        print(f"{name}\t{sum(one[theirs] for one in holds)}/{len(holds)}")  # noqa: T201
    wrong = (failed - set(explained)) | {name for name in set(explained) - failed if _is_here(packs, name)}
    for name in sorted(wrong):
        print(f"conformance_misses.tsv is wrong about {name}", file=sys.stderr)  # noqa: T201
    return 1 if wrong else 0


def _is_here(packs: Path, name: str) -> bool:
    folder = {"feedparser": "feeds/feedparser", "gofeed": "feeds/gofeed"}.get(name.split("/", 1)[0], "")
    return (packs / folder / name.split("/", 1)[1]).exists()


def feedparser_cases(packs: Path) -> Iterator[Case]:
    """Give each file of feedparser's own suite."""
    root = packs / "feeds" / "feedparser"
    for path in sorted(root.rglob("*.xml")):
        body, headers, expected = told(path, root)
        holds = expected is None or _holds(expected, prepared(body, 2000)[0], headers)
        yield str(path.relative_to(root)), holds and _reads_the_same(body, headers)


def expectations(packs: Path) -> Iterator[tuple[bool, bool]]:
    """Give whether each file's own expectation holds for the bytes that we hand to feedparser, and for it alone."""
    root = packs / "feeds" / "feedparser"
    for path in sorted(root.rglob("*.xml")):
        body, headers, expected = told(path, root)
        ours = expected is None or _holds(expected, prepared(body, 2000)[0], headers)
        yield ours, expected is None or _holds(expected, body, headers)


def told(path: Path, root: Path) -> tuple[bytes, dict[str, str], str | None]:
    """Return the bytes of a file, the headers it wants to be served with, and what it expects."""
    body = path.read_bytes()
    starts = {**WIDE, **WIDER, **EBCDIC}
    charset = next((starts[start] for start in sorted(starts, key=len, reverse=True) if body.startswith(start)), None)
    plain = body.decode(charset, "replace").encode("utf-8", "replace") if charset else body
    headers = {name.decode().lower(): value.decode().strip() for name, value in HEADER.findall(plain[:4000])}
    here = urljoin(SERVED_FROM, str(path.relative_to(root)))
    headers["content-location"] = urljoin(here, headers.get("content-location", ""))
    headers.setdefault("content-type", "application/xml")
    found = EXPECT.search(plain)
    return body, headers, found[1].decode("utf-8", "replace") if found else None


def _holds(expected: str, body: bytes, headers: dict[str, str]) -> bool:
    """Evaluate an expectation of the pack over what feedparser makes of `body`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parsed = feedparser.parse(io.BytesIO(body), response_headers=headers)
            return bool(eval(expected, {"datetime": dt, "feedparser": feedparser}, dict(parsed)))  # noqa: S307  the pack's own language
        except Exception:  # noqa: BLE001  an expectation that cannot be evaluated is not met
            return False


def _reads_the_same(body: bytes, headers: dict[str, str]) -> bool:
    """Whether what we read has the entries of feedparser's cleaned-up reading, each with its words."""
    try:
        ours = _box().ask(
            "feed", body, url=headers["content-location"], content_type=headers["content-type"], max_entries=2000
        )
    except IngestError:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = feedparser.parse(io.BytesIO(prepared(body, 2000)[0]), response_headers=headers).entries
    return len(ours["entries"]) == len(theirs) and all(
        words(_longest(their)) <= words(our["content"]) for our, their in zip(ours["entries"], theirs, strict=True)
    )


def _longest(entry: Any) -> str:
    parts = [*(entry.get("content") or []), entry.get("summary_detail") or {}]
    kinds = [(str(part.get("value") or ""), str(part.get("type") or "")) for part in parts]
    return max((value for value, kind in kinds if kind.startswith("text/") or "html" in kind), key=len, default="")


def words(markup: str) -> set[str]:
    """Return the words that a person would read in `markup`."""
    return set(re.findall(r"\w{2,}", dump_text(markup)[0]))


def gofeed_cases(packs: Path) -> Iterator[Case]:
    """Give each feed that another author's reader has read."""
    root = packs / "feeds" / "gofeed"
    for path in sorted(root.rglob("*.json")):
        theirs = json.loads(path.read_text())
        # Where the other reader has no entry at all, we shall have none either.
        listed = (theirs.get("items") or theirs.get("entries") or []) if isinstance(theirs, dict) else None
        if not isinstance(listed, list) or not path.with_suffix(".xml").exists():
            continue
        try:
            ours = _box().ask("feed", path.with_suffix(".xml").read_bytes(), url="", content_type="", max_entries=2000)[
                "entries"
            ]
        except IngestError:
            ours = []
        same = len(ours) == len(listed) and all(_agree(our, their) for our, their in zip(ours, listed, strict=True))
        yield str(path.with_suffix(".xml").relative_to(root)), same


def _agree(our: dict[str, Any], their: dict[str, Any]) -> bool:
    title, link = their.get("title"), their.get("link")
    plain = isinstance(title, str) and not re.search(r"[<&]", title)
    same_title = not plain or re.sub(r"[\x00-\x1f]", "", our["title"] or "") == " ".join(str(title).split())
    return same_title and (not isinstance(link, str) or not link.strip() or our["url"] == link.strip())


def attack_cases(packs: Path) -> Iterator[Case]:
    """Give each attack on an XML parser."""
    for path in sorted((packs / "xml_attacks").glob("*")):
        try:
            parsed = _box().ask("feed", path.read_bytes(), url="", content_type="text/xml", max_entries=2000)
        except IngestError:
            parsed = {"entries": ["the sandbox had to be killed"]}
        yield path.name, parsed["entries"] == []


def packed_cases(packs: Path) -> Iterator[Case]:
    """Give each packed body."""
    for name, (coding, outcome) in CODINGS.items():
        path = packs / "compressed" / name
        if not path.exists():
            continue
        try:
            box = unpacker(coding, 25_000_000, 200)
            body = box.feed(path.read_bytes())
            box.finish()
        except IngestError as error:
            yield name, outcome is not None and isinstance(error, outcome)
        else:
            yield name, outcome is None and b"<" in body


def address_cases(packs: Path) -> Iterator[Case]:
    """Give each address."""
    for number, line in enumerate((packs / "ip_guard.jsonl").read_text().splitlines(), 1):
        row = json.loads(line)
        yield f"{number}:{row['ip']}", (denial(row["ip"]) is None) == (row["want"] == "allow")


def url_cases(packs: Path) -> Iterator[Case]:
    """Give each URL; all of them lead inside."""
    for number, line in enumerate((packs / "ssrf_urls.jsonl").read_text().splitlines(), 1):
        url = json.loads(line)["url"]
        try:
            addresses_of(checked_url(url).host, 80, lambda host, port: ["127.0.0.1"], ())
        except Refused:
            yield f"{number}:{url}", True
        else:
            yield f"{number}:{url}", False


def exchanges(cassette: Path) -> Iterator[tuple[str, str, int, str]]:
    """Yield method, path, status and body of each exchange of a recorded conversation."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for one in yaml.load(cassette.read_text(encoding="utf-8"), Loader=loader)["interactions"]:  # noqa: S506  safe
        body = one["response"]["body"]["string"]
        path = one["request"]["uri"].removeprefix("http://localhost:3000")
        words = body if isinstance(body, str) else body.decode("utf-8", "replace")
        yield one["request"]["method"], path, one["response"]["status"]["code"], words


def recorded_statuses(folder: Path) -> dict[str, dict[str, Any]]:
    """Return every status that is recorded anywhere, by its identifier; the last answer about it counts."""
    found: dict[str, dict[str, Any]] = {}
    for cassette in sorted(folder.glob("*.yaml")):
        if cassette.stat().st_size > 1_000_000:
            continue  # megabytes of pictures
        for _, _, status, body in exchanges(cassette):
            if status != 200 or not body.startswith(("{", "[")):
                continue
            value = json.loads(body)
            listed = value if isinstance(value, list) else [value, *value.get("statuses", [])]
            found |= {
                one["id"]: one for one in listed if isinstance(one, dict) and "spoiler_text" in one and "uri" in one
            }
    return found


def mastodon_cases(packs: Path) -> Iterator[Case]:
    """Give each recorded status."""
    for name, status in recorded_statuses(packs / "mastodon").items():
        parsed = mastodon.parse_timeline(json.dumps([status]).encode())
        (post,) = parsed["posts"] or [{}]
        entry = post.get("entry") or {}
        if status["reblog"] or status["visibility"] in ("private", "direct"):
            yield name, post.get("skipped") == ("boosts" if status["reblog"] else "not public")
            continue
        wanted = (status["url"], status["language"], status["edited_at"] or status["created_at"])
        same = (entry.get("url"), entry.get("language"), entry.get("published")) == wanted
        yield (
            name,
            same
            and words(status.get("content") or "") <= words(entry.get("content", ""))
            and "<" not in entry["content"],
        )


def jetstream_cases(packs: Path) -> Iterator[Case]:
    """Give each recorded event."""
    for path in sorted((packs / "jetstream").glob("*.jsonl")):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            (event,) = jetstream.parse_events(line, languages=[])["events"]
            commit = json.loads(line).get("commit") or {}
            text = (commit.get("record") or {}).get("text", "").strip()
            passed = not event["reason"]
            if commit.get("collection") == jetstream.POST and commit["operation"] == "delete":
                passed = passed and bool(event["gone"])
            elif commit.get("collection") == jetstream.POST and text:
                passed = passed and (event["entry"] or {}).get("content", "").startswith(text[:20])
            yield f"{path.name}:{number}", passed


def _box() -> sandbox.Sandbox:
    return sandbox.shared(SECONDS, MEMORY)


PARTS: dict[str, Callable[[Path], Iterator[Case]]] = {
    "feedparser": feedparser_cases,
    "gofeed": gofeed_cases,
    "xml_attacks": attack_cases,
    "compressed": packed_cases,
    "ip_guard": address_cases,
    "ssrf_urls": url_cases,
    "mastodon": mastodon_cases,
    "jetstream": jetstream_cases,
}

if __name__ == "__main__":
    code = main()
    sandbox.close_shared()
    sys.exit(code)
