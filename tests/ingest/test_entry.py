"""Whatever comes in can be stored, and what had to be changed is said."""

from ingest.entry import Entry, clean


def test_ordinary_entries_stay_as_they_are() -> None:
    entry = Entry("Good morning", external_id="a", url="https://example.org/1", title="Hi", author="N.", language="sw")
    assert clean(entry, 1000) == entry


def test_nul_and_lone_surrogates_become_visible_and_the_rest_stays() -> None:
    entry = clean(Entry("before\x00after \ud800 end", title="a\x00b", external_id="\x00id"), 1000)
    assert (entry.content, entry.title, entry.external_id) == ("before�after � end", "a�b", "�id")
    assert [note.split(":")[0] for note in entry.notes] == ["content", "external_id", "title"]


def test_a_link_that_is_no_page_is_left_out_and_said() -> None:
    entry = clean(Entry(url="javascript:alert(1)"), 1000)
    assert entry.url is None
    assert "left out" in entry.notes[0]


def test_a_text_over_the_limit_is_cut_and_said() -> None:
    entry = clean(Entry("x" * 50), 40)
    assert len(entry.content) == 40
    assert entry.notes == ("content: cut from 50 to 40 characters",)


def test_a_language_that_is_none_is_left_out() -> None:
    assert clean(Entry(language="<script>"), 10).language is None
    assert clean(Entry(language=" zh-Hant "), 10).language == "zh-Hant"
