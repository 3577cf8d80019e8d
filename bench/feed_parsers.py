"""Could a faster parser take the usual feeds? Compares fastfeedparser with ours, on speed and on what it finds.

Prints `name<TAB>value` lines: entries per second of processor time for feedparser, for ours and for fastfeedparser, the
ratio of the last two, and, where ../shared holds the conformance packs, on how many of their feeds it finds exactly
what we find. fastfeedparser is no dependency: without it this says so. The outcome: docs/decisions/0008-feed-parser.md.

Run: pip install --target /tmp/fast fastfeedparser && PYTHONPATH=/tmp/fast python bench/feed_parsers.py
"""

import io
import random
import re
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import feedparser

from bench.ingest import feed
from ingest.readers.markup import parse_feed
from tests import conformance

FEEDS, ENTRIES = 20, 50


def main() -> None:
    try:
        import fastfeedparser as fast
    except ImportError:
        print("feed_parsers.fast\tnot installed: pip install --target FOLDER fastfeedparser, and PYTHONPATH=FOLDER")
        return
    warnings.simplefilter("ignore")
    chance = random.Random(1)
    bodies = [feed(number, ENTRIES, chance).encode() for number in range(FEEDS)]
    speed = {
        "feedparser": rate(bodies, lambda body: feedparser.parse(io.BytesIO(body))),
        "ours": rate(bodies, lambda body: parse_feed(body, url="", content_type="", max_entries=2000)),
        "fast": rate(bodies, fast.parse),
    }
    for name, value in speed.items():
        print(f"feed_parsers.{name}_per_cpu_s\t{value:.0f}")
    print(f"feed_parsers.fast_ratio\t{speed['fast'] / speed['ours']:.1f}")
    if conformance.PACKS.is_dir():
        for name, count in compared(fast.parse).most_common():
            print(f"feed_parsers.{name}\t{count}")


def rate(bodies: list[bytes], parse: Callable[[bytes], Any]) -> float:
    """Return entries per second of processor time, the best of three."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        for body in bodies:
            parse(body)
        best = min(best, time.process_time() - started)
    return FEEDS * ENTRIES / best


def compared(parse: Callable[[bytes], Any]) -> Counter[str]:
    """Count the pack's feeds by what the other parser makes of them."""
    found: Counter[str] = Counter()
    root = conformance.PACKS / "feeds"
    for path in sorted(root.rglob("*.xml")):
        body, headers, _ = conformance.told(path, root / "feedparser" if "feedparser" in path.parts else root)
        url, kind = headers["content-location"], headers["content-type"]
        ours = parse_feed(body, url=url, content_type=kind, max_entries=2000)["entries"]
        found["files"] += 1
        try:
            theirs = parse(body).entries
        except Exception:  # noqa: BLE001  whatever it raises, it has not read the feed
            found["raises_although_there_are_entries" if ours else "raises_where_we_find_none"] += 1
            continue
        if len(ours) != len(theirs):
            found["other_number_of_entries"] += 1
            continue
        different = {name for our, their in zip(ours, theirs, strict=True) for name in differences(our, their)}
        found.update(f"other_{name}" for name in different)
        found["not_identical" if different else "identical"] += 1
    return found


def differences(our: dict[str, Any], their: Any) -> list[str]:
    """Name what of one entry the other parser reads differently; words count when it loses some."""
    bodies = [part.get("value", "") for part in their.get("content") or []]
    body = max([*bodies, their.get("description") or their.get("summary") or ""], key=len)
    same = {
        "identifier": (our["external_id"] or "") == (their.get("id") or ""),
        "link": (our["url"] or "") == (their.get("link") or ""),
        "title": spaced(our["title"]) == spaced(their.get("title")),
        "words": conformance.words(our["content"]) <= conformance.words(body),
        "date": (our["published"] or "")[:19] == (their.get("published") or their.get("updated") or "")[:19],
    }
    return [name for name, holds in same.items() if not holds]


def spaced(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "").strip()


if __name__ == "__main__":
    main()
