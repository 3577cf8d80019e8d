"""Every platform, behind the one reader protocol, passes the same tests: nothing lost, twice or hidden."""

import datetime as dt
import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from ingest.readers import gdelt
from ingest.settings import IngestSettings
from tests.fault_server import FaultServer, Script, endless, half, redirect, text
from tests.ingest.conftest import Desk
from tests.ingest.readers.platforms import PLATFORMS, Bluesky, Mastodon, Platform, Telegram, Youtube

SOON = dt.timedelta(minutes=10)
LOGIN = "<html><body>Please sign in to continue</body></html>"


@pytest.fixture
def settings(settings: IngestSettings) -> IngestSettings:
    """Know the one credential that a platform needs."""
    return IngestSettings(**(vars(settings) | {"credentials": ("tube=s3cret",), "max_pages": 3}))


@pytest.fixture(params=PLATFORMS, ids=lambda kind: kind.__name__)
def platform(request: pytest.FixtureRequest, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Serve one platform with pages of four posts."""
    made: Platform = request.param()
    monkeypatch.setattr(gdelt, "LIMIT", made.size)
    server["*"] = made.script()
    return made


@pytest.fixture
def watch(desk: Desk, server: FaultServer) -> Callable[[Platform], int]:
    def add(platform: Platform) -> int:
        url = server.url(platform.path)
        return desk.watch(url, kind=platform.kind, credential=platform.credential, interval_seconds=300)

    return add


def words(desk: Desk, source_id: int) -> set[str]:
    return {f"{item.title or ''} {item.content}".strip() for item in desk.items(source_id)}


def holds(desk: Desk, source_id: int, *numbers: int) -> bool:
    said = words(desk, source_id)
    return all(any(f"says note {number}." in one for one in said) for number in numbers)


def test_posts_become_items_once(desk: Desk, platform: Platform, watch: Callable[[Platform], int]) -> None:
    platform.publish(1, 2, 3)
    source_id = watch(platform)
    assert desk.poll() == 3
    assert desk.poll(SOON) == 0
    assert holds(desk, source_id, 1, 2, 3)
    source = desk.source(source_id)
    assert (source.state, source.state_reason) == ("ok", None)
    item = desk.items(source_id)[0]
    assert item.url is not None
    assert item.url.startswith(("http://", "https://"))
    assert item.author is not None
    assert "keshu" not in item.author
    assert item.published_at is not None
    assert item.raw_sha256 is not None


def test_more_than_one_poll_can_read_is_read_by_the_next_ones(
    desk: Desk, platform: Platform, watch: Callable[[Platform], int]
) -> None:
    platform.publish(*range(10, 14))
    source_id = watch(platform)
    desk.poll()
    platform.publish(*range(20, 60))
    for _ in range(8):
        desk.poll(SOON)
    assert holds(desk, source_id, *range(10, 14), *range(20, 60))
    assert len(desk.items(source_id)) == 44
    assert desk.source(source_id).state_reason is None


def test_posts_that_come_while_pages_wait_are_not_lost(
    desk: Desk, platform: Platform, watch: Callable[[Platform], int]
) -> None:
    platform.publish(1)
    source_id = watch(platform)
    desk.poll()
    for turn in range(1, 4):
        platform.publish(*range(turn * 100, turn * 100 + 18))
        desk.poll(SOON)
    for _ in range(9):
        desk.poll(SOON)
    assert len(desk.items(source_id)) == 1 + 3 * 18


def test_an_edit_is_a_version_and_a_deletion_a_tombstone(
    desk: Desk, platform: Platform, watch: Callable[[Platform], int]
) -> None:
    platform.publish(1, 2, 3)
    source_id = watch(platform)
    desk.poll()
    platform.publish(3, words="Edited: says note {}.")
    platform.remove(2)
    moved = desk.poll(SOON)
    versions = [item.version for item in desk.items(source_id) if "says note 3." in f"{item.title}{item.content}"]
    gone = [item for item in desk.items(source_id) if item.gone_at is not None]
    if platform.edits:
        assert moved == 1
        assert sorted(versions) == [1, 2]
    if platform.deletions:
        (item,) = gone
        assert "says note 2." in item.content
        assert item.gone_at == desk.now
        assert "no longer" in (item.gone_because or "")
    else:
        assert gone == []


def test_reposts_are_no_voice_of_their_own(desk: Desk, watch: Callable[[Platform], int], server: FaultServer) -> None:
    for platform in (Mastodon(), Bluesky()):
        server["*"] = platform.script()
        platform.publish(1, 2)
        platform.posts[2].repost = True
        source_id = watch(platform)
        assert desk.poll() == 1
        assert holds(desk, source_id, 1)


@pytest.mark.parametrize(
    ("script", "state", "reason"),
    [
        (text("{}", 404), "failing", "nothing at this address"),
        (text("{}", 410), "failing", "gone for good"),
        (text("{}", 401), "refused", "HTTP 401"),
        (text("{}", 403), "refused", "HTTP 403"),
        (text("{}", 429, retry_after="7200"), "throttled", "less often"),
        (text("{}", 500), "failing", "HTTP 500"),
        (text(LOGIN, content_type="text/html"), "no_feed", "text/html"),
        (text(""), "no_feed", "an empty answer"),
        (text("[[[[" * 100_000), "no_feed", ""),
        (half(b'[{"id": "1", "content": "half of it"}]'), "truncated", "ended before"),
        (endless(), "too_large", "longer than"),
        (redirect("http://127.0.0.2/inside"), "refused", "127.0.0.2"),
    ],
    ids=["404", "410", "401", "403", "429", "500", "login", "empty", "deep", "half", "endless", "redirect"],
)
def test_every_bad_answer_is_a_state_with_a_reason(
    desk: Desk,
    platform: Platform,
    watch: Callable[[Platform], int],
    server: FaultServer,
    script: Script,
    state: str,
    reason: str,
) -> None:
    if platform.kind == "gdelt" and reason == "an empty answer":
        pytest.skip("GDELT says nothing when nothing was found")
    platform.publish(1, 2)
    source_id = watch(platform)
    desk.poll()
    server["*"] = script
    assert desk.poll(SOON) == 0
    source = desk.source(source_id)
    assert source.state in (state, "truncated" if reason == "" else state)
    assert reason in (source.state_reason or "")
    assert source.next_due_at is not None
    assert source.next_due_at > desk.now
    server["*"] = platform.script()
    platform.publish(3)
    desk.poll(dt.timedelta(days=1))
    assert holds(desk, source_id, 1, 2, 3)
    assert desk.source(source_id).state == "ok"


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_json_that_ends_in_the_middle_stores_nothing_of_it(
    desk: Desk, platform: Platform, watch: Callable[[Platform], int], server: FaultServer, cut: int
) -> None:
    if platform.kind == "telegram":
        pytest.skip("a page of markup has no end that could be missing; its whole posts count")
    platform.publish(1, 2)
    source_id = watch(platform)
    desk.poll()
    request = max(server.ledger, key=lambda served: served.sent)
    status, body = platform.answer(*_asked(request.path))
    server["*"] = text(json.dumps(body)[:-cut], status)
    assert desk.poll(SOON) == 0
    assert desk.source(source_id).state == "truncated"
    assert len(desk.items(source_id)) == 2


def test_a_page_that_names_itself_as_the_next_does_not_hold_us(
    desk: Desk, platform: Platform, watch: Callable[[Platform], int], server: FaultServer
) -> None:
    platform.publish(1)
    source_id = watch(platform)
    desk.poll()
    platform.publish(*range(50, 80))
    first = platform.newest
    platform.newest = lambda below=None: (first()[0], True)  # type: ignore[method-assign,assignment,misc]
    before = server.hits()
    for _ in range(3):
        desk.poll(SOON)
    assert server.hits() - before <= 3 * 4
    assert desk.source(source_id).state == "ok"


@pytest.mark.parametrize(
    "hostile",
    ["a\x00b after the NUL", "lone \ud800 after it", "<script>alert(1)</script> after it", "\u202eright after it"],
)
def test_hostile_text_is_stored_whole_and_harmless(
    desk: Desk, platform: Platform, watch: Callable[[Platform], int], hostile: str
) -> None:
    platform.publish(1, words=hostile + " says note {}.")
    platform.publish(2)
    if platform.kind == "telegram":
        platform.posts[1].words = platform.posts[1].words.replace("\ud800", "\ufffd").replace("\x00", "\ufffd")
    source_id = watch(platform)
    assert desk.poll() == 2
    (said,) = [one for one in words(desk, source_id) if "after" in one]
    assert "says note 1." in said
    assert "\x00" not in said


def test_a_platform_in_haste_is_asked_no_further(
    desk: Desk, platform: Platform, watch: Callable[[Platform], int], server: FaultServer
) -> None:
    platform.publish(1)
    source_id = watch(platform)
    desk.poll()
    platform.publish(*range(50, 70))

    def script(request: object) -> None:
        status, body = platform.answer(*_asked(request.path))  # type: ignore[attr-defined]
        said = body if isinstance(body, str) else json.dumps(body)
        text(said, status, x_ratelimit_remaining="0")(request)  # type: ignore[arg-type]

    server["*"] = script
    before = server.hits()
    desk.poll(SOON)
    assert server.hits() - before == 1
    server["*"] = platform.script()
    for _ in range(6):
        desk.poll(SOON)
    assert holds(desk, source_id, *range(50, 70))


def test_a_missing_credential_is_said_and_nothing_is_asked(desk: Desk, server: FaultServer) -> None:
    server["*"] = Youtube().script()
    source_id = desk.watch(server.url(Youtube.path), kind="youtube", credential="other")
    desk.poll()
    source = desk.source(source_id)
    assert source.state == "refused"
    assert "TOCSIN_CREDENTIALS" in (source.state_reason or "")
    assert server.hits() == 0


def test_a_secret_stays_with_its_host(desk: Desk, server: FaultServer) -> None:
    youtube = Youtube()
    youtube.publish(1)
    server["*"] = youtube.script()
    desk.watch(server.url(Youtube.path), kind="youtube", credential="tube")
    desk.poll()
    assert server.ledger[-1].headers["x-goog-api-key"] == "s3cret"
    assert "s3cret" not in server.ledger[-1].path


def test_what_is_no_channel_says_so(desk: Desk, server: FaultServer) -> None:
    server["*"] = text('<html><body><div class="tgme_page">Telegram: Contact</div></body></html>')
    source_id = desk.watch(server.url(Telegram.path), kind="telegram")
    desk.poll()
    assert desk.source(source_id).state == "no_feed"
    assert "preview switched off" in (desk.source(source_id).state_reason or "")


def _asked(path: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(path)
    return parts.path, {name: values[-1] for name, values in parse_qs(parts.query).items()}
