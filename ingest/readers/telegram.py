"""Read the preview page of a public Telegram channel: https://t.me/s/CHANNEL.

The page shows twenty posts; older ones are asked for by number. A post that is missing between others was deleted.
Files that the desktop program exported are read by `ingest/exports.py`.
"""

import re
from typing import Any

import httpx
from lxml import etree

from ingest.errors import Refused
from ingest.readers import Gone
from ingest.readers.platform import Asker
from ingest.readers.sweep import Page
from ingest.readers.timeline import Timeline
from ingest.text import BLOCKS, tidy

PATH = re.compile(r"/(?:s/)?([A-Za-z0-9_]{3,64})/?")
POST = re.compile(r"[A-Za-z0-9_]{3,64}/(\d{1,12})")
WORDS = (
    "js-message_text",
    "tgme_widget_message_poll_question",
    "tgme_widget_message_poll_option_text",
    "tgme_widget_message_document_title",
)
NO_PREVIEW = "the page shows no channel: it is private, renamed, or has its preview switched off"


def open_timeline(asker: Asker) -> Timeline:
    """Go through the pages by the number of the oldest post so far."""
    first = checked(asker.url)

    def page_at(token: str | None) -> Page:
        return asker.page(first.copy_merge_params({"before": token}) if token else first, "telegram")

    return Timeline(page_at, _confirm)


def checked(url: httpx.URL) -> httpx.URL:
    """Return the address of the preview page; raises `Refused` for what is no channel."""
    found = PATH.fullmatch(url.path)
    if found is None:
        raise Refused("the address of a Telegram channel is https://t.me/s/CHANNEL")
    return url.copy_with(path=f"/s/{found[1]}", query=None, fragment=None)


def _confirm(names: list[str]) -> tuple[Gone, ...]:
    """Take what is missing between posts that are shown for deleted: a channel shows all it has."""
    return tuple(Gone(name, "the channel no longer shows this post") for name in names)


class Preview:
    """Collects posts out of a stream of tags. Streaming has no depth limit, as trees have."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.channel = False
        self.depth = 0
        self.field, self.field_depth = "", 0

    def start(self, tag: str, attributes: Any) -> None:
        """Begin a post, or a part of it that people read."""
        self.depth += 1
        classes = attributes.get("class", "").split()
        self.channel = self.channel or "tgme_channel_info" in classes or "tgme_channel_history" in classes
        found = POST.fullmatch(attributes.get("data-post", ""))
        if found and "tgme_widget_message" in classes:
            self.channel = True
            address = f"https://t.me/{found[0]}"
            service = "service_message" in classes
            self.posts.append({"id": found[1], "url": address, "words": [], "author": [], "service": service})
            self.field = ""
        elif self.posts and not self.field:
            self.field, self.field_depth = self._part(classes), self.depth
            if self.field == "words":
                self.posts[-1]["words"].append("\n")
        elif self.field == "words" and tag in BLOCKS:
            self.posts[-1]["words"].append("\n")
        if self.posts and tag == "time" and attributes.get("datetime") and self.field != "ignored":
            self.posts[-1].setdefault("created", attributes["datetime"])

    def _part(self, classes: list[str]) -> str:
        if "tgme_widget_message_reply" in classes or "tgme_widget_message_link_preview" in classes:
            return "ignored"  # somebody else's words
        if "tgme_widget_message_from_author" in classes:
            return "author"
        return "words" if any(name in classes for name in WORDS) else ""

    def end(self, tag: str) -> None:
        """End the part."""
        if self.field == "words" and tag in BLOCKS:
            self.posts[-1]["words"].append("\n")
        if self.field and self.depth == self.field_depth:
            self.field = ""
        self.depth -= 1

    def data(self, text: str) -> None:
        """Keep text of a part."""
        if self.field in ("words", "author"):
            self.posts[-1][self.field].append(text)

    def close(self) -> "Preview":
        """Return all of it."""
        return self


def parse_preview(body: bytes) -> dict[str, Any]:
    """Return the posts of the page, the newest first, and the number to go on before; runs in the sandbox."""
    parser = etree.HTMLParser(huge_tree=True, recover=True, encoding="utf-8", target=Preview())
    try:
        preview = etree.fromstring(body, parser) if body.strip() else Preview()
    except (etree.LxmlError, ValueError):
        return {"problem": "it cannot be read as a page", "posts": []}
    if not preview.channel:
        return {"problem": NO_PREVIEW, "posts": []}
    ordered = sorted(preview.posts, key=lambda post: int(post["id"]), reverse=True)
    oldest = ordered[-1]["id"] if ordered else "1"
    posts = [_post(post) for post in ordered]
    return {"problem": "", "posts": posts, "next": oldest if int(oldest) > 1 else None}


def _post(found: dict[str, Any]) -> dict[str, Any]:
    post = {"id": found["id"], "created": found.get("created"), "entry": None}
    if found["service"]:
        return post | {"skipped": "service messages"}
    entry = {
        "url": found["url"],
        "content": tidy("".join(found["words"])),
        # A channel speaks with one voice unless it signs its posts.
        "author": tidy("".join(found["author"])) or found["url"].split("/")[-2],
        "published": found.get("created"),
    }
    return post | {"entry": entry}
