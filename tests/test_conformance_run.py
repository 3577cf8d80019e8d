"""`make conformance` says what passes, what does not and why, and cannot pass by having nothing to check."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.readers import sandbox
from tests import conformance

GOOD = """<?xml version="1.0"?>
<!--
Description: a title
Expect:      not bozo and entries[0]['title'] == 'Well'
-->
<rss version="2.0"><channel><item><title>Well</title></item></channel></rss>"""


@pytest.fixture
def packs(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "conformance"
    for name in ("feeds/feedparser", "feeds/gofeed", "xml_attacks", "compressed"):
        (folder / name).mkdir(parents=True)
    (folder / "feeds/feedparser/good.xml").write_text(GOOD)
    (folder / "feeds/feedparser/bad.xml").write_text(GOOD.replace("== 'Well'", "== 'Dry'"))
    (folder / "ip_guard.jsonl").write_text(json.dumps({"ip": "10.0.0.1", "want": "deny"}))
    (folder / "ssrf_urls.jsonl").write_text(json.dumps({"url": "http://127.0.0.1/"}))
    yield folder
    sandbox.close_shared()


def test_absent_packs_are_said_and_are_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert conformance.main(tmp_path / "nowhere") == 2
    assert "nowhere is missing; nothing was checked" in capsys.readouterr().err


def test_a_miss_without_a_reason_fails(packs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reasons = tmp_path / "misses.tsv"
    reasons.write_text("# none\n")
    assert conformance.main(packs, reasons) == 1
    said = capsys.readouterr()
    assert "feedparser\t1/2" in said.out
    assert "missed feedparser/bad.xml: NOT EXPLAINED" in said.out
    assert "wrong about feedparser/bad.xml" in said.err


def test_an_explained_miss_is_told_with_its_reason(
    packs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reasons = tmp_path / "misses.tsv"
    reasons.write_text("feedparser/bad.xml\tit is not dry\n")
    assert conformance.main(packs, reasons) == 0
    assert "missed feedparser/bad.xml: it is not dry" in capsys.readouterr().out


def test_a_reason_for_what_passes_fails(packs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reasons = tmp_path / "misses.tsv"
    reasons.write_text("feedparser/bad.xml\tnot dry\nfeedparser/good.xml\tno longer true\n")
    assert conformance.main(packs, reasons) == 1
    assert "wrong about feedparser/good.xml" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(not conformance.PACKS.is_dir(), reason="the conformance packs are not here")
def test_the_packs_pass_but_for_what_is_explained() -> None:
    assert conformance.main() == 0
    sandbox.close_shared()
