"""What an operator may set about collecting: limits, politeness and privacy. Nothing here reads the environment."""

from dataclasses import dataclass, field
from ipaddress import ip_network

from ingest.proxy import proxy_of

AUTHOR_POLICIES = ("hash", "keep")
MIB = 1024 * 1024
POSITIVE = (
    "fetch_deadline_seconds",
    "max_wire_bytes",
    "max_body_bytes",
    "max_entries",
    "max_text_characters",
    "poll_workers",
    "host_concurrency",
    "max_pages",
    "stream_seconds",
    "parse_cpu_seconds",
    "extract_batch",
    "article_max_bytes",
    "unpacked_max_bytes",
    "sitemap_budget",
    "section_budget",
)
NOT_NEGATIVE = (
    "forget_unflagged_days",
    "forget_flagged_days",
    "forget_reviewed_days",
    "forget_raw_days",
    "raw_budget_bytes",
    "source_items_per_day",
    "slowest_interval_seconds",
    "source_trouble_hours",
)


@dataclass(frozen=True)
class IngestSettings:
    """Limits apply before anything is parsed; raises ValueError with the name, the value and what would be right."""

    user_agent: str = field(
        default="Tocsin/0.1 (public-media monitoring; contact: the operator of this host)",
        metadata={"help": "How we introduce ourselves to publishers; name a contact they can write to."},
    )
    allowed_networks: tuple[str, ...] = field(
        default=(), metadata={"help": "CIDRs the network guard lets through although they are not public."}
    )
    proxy: str | None = field(
        default=None,
        repr=False,
        metadata={
            "help": "HTTP proxy of all connections over HTTP: http://HOST:PORT or http://USER:PASSWORD@HOST:PORT.",
            "secret": True,
        },
    )
    proxy_exceptions: tuple[str, ...] = field(
        default=(), metadata={"help": "Host names reached without the proxy; a name stands for those below it too."}
    )
    fetch_deadline_seconds: float = field(
        default=60.0, metadata={"help": "Longest time one fetch may take in all, redirects and body included."}
    )
    max_wire_bytes: int = field(default=15 * MIB, metadata={"help": "Most bytes read from the wire for one answer."})
    max_body_bytes: int = field(default=25 * MIB, metadata={"help": "Most bytes of one answer after decompression."})
    max_compression_ratio: int = field(
        default=200, metadata={"help": "Above 1 MiB, an answer that unpacks to more than this many times is a bomb."}
    )
    max_redirects: int = field(default=5, metadata={"help": "Redirects followed, each one checked like the first."})
    max_entries: int = field(
        default=2000, metadata={"help": "Entries read from one answer; the rest is counted and reported as dropped."}
    )
    max_text_characters: int = field(
        default=5_000_000, metadata={"help": "Characters kept of one text; a longer one is cut, and the cut is noted."}
    )
    poll_workers: int = field(default=32, metadata={"help": "Sources read at the same time."})
    poll_turn_seconds: float = field(
        default=30.0, metadata={"help": "After this long a poll turn starts no further source and ends."}
    )
    host_concurrency: int = field(default=2, metadata={"help": "Sources of one host read at the same time."})
    host_spacing_seconds: float = field(
        default=1.0, metadata={"help": "Pause between two fetches from one host; not for allowed networks."}
    )
    max_pages: int = field(
        default=5, metadata={"help": "Pages read of one platform in one poll; what lies behind them is read next time."}
    )
    stream_seconds: float = field(
        default=20.0, metadata={"help": "Longest time one poll listens to a stream; the next one goes on from there."}
    )
    credentials: tuple[str, ...] = field(
        default=(),
        repr=False,
        metadata={"help": "Secrets that sources name: NAME=SECRET, with commas between them.", "secret": True},
    )
    full_fetch_hours: float = field(
        default=24.0, metadata={"help": "After this long a source is asked without ETag or date, in case they lie."}
    )
    slowest_interval_seconds: float = field(
        default=3600.0,
        metadata={
            "help": "A source with a slow rhythm or long cache times is asked this seldom at most; 0: always as set."
        },
    )
    sitemap_budget: int = field(
        default=5, metadata={"help": "Sitemaps read of one index in one poll, those that changed last first."}
    )
    section_budget: int = field(
        default=20, metadata={"help": "New articles taken from one watched page of links in one poll."}
    )
    silent_factor: float = field(
        default=10.0, metadata={"help": "A source is silent after this many times its usual pause without news."}
    )
    source_trouble_hours: float = field(
        default=6.0,
        metadata={"help": "A source in trouble for this long is told to operational webhooks, once; 0: never."},
    )
    parse_cpu_seconds: int = field(
        default=10, metadata={"help": "Processor time after which the reading of one hostile answer is killed."}
    )
    parse_memory_bytes: int = field(
        default=768 * MIB, metadata={"help": "Address space of the process that reads hostile answers."}
    )
    article_teaser_characters: int = field(
        default=600, metadata={"help": "Feed text shorter than this is a teaser: the article is fetched if allowed."}
    )
    article_batch: int = field(
        default=24, metadata={"help": "Articles fetched before the texts read so far are stored; 0 fetches none."}
    )
    article_deadline_seconds: float = field(
        default=20.0, metadata={"help": "Longest time the fetch of one article may take in all."}
    )
    article_max_bytes: int = field(
        default=64 * MIB, metadata={"help": "Most bytes of one article's page, on the wire and unpacked."}
    )
    unpacked_max_bytes: int = field(
        default=4096 * MIB, metadata={"help": "Most bytes that a packed file, dropped or imported, may unpack to."}
    )
    extract_batch: int = field(default=200, metadata={"help": "Items whose text is read in one transaction."})
    file_settle_seconds: float = field(
        default=5.0, metadata={"help": "A dropped file is read once it has not changed for this long."}
    )
    forget_unflagged_days: float = field(
        default=0, metadata={"help": "Texts that were judged and not flagged are forgotten after this; 0: never."}
    )
    forget_flagged_days: float = field(
        default=0, metadata={"help": "Flagged texts that nobody has reviewed are forgotten after this; 0: never."}
    )
    forget_reviewed_days: float = field(
        default=0, metadata={"help": "Texts that a person has reviewed are forgotten after this many days; 0: never."}
    )
    forget_raw_days: float = field(
        default=0,
        metadata={"help": "Raw answers without a flagged or reviewed text are forgotten after this; 0: never."},
    )
    raw_budget_bytes: int = field(
        default=2048 * MIB,
        metadata={"help": "Raw bytes kept of one source, flagged ones aside; beyond, the oldest go; 0: no limit."},
    )
    source_items_per_day: int = field(
        default=20_000,
        metadata={
            "help": "Items of one source let through in a day, brought files aside; more are held back; 0: no limit."
        },
    )
    author_policy: str = field(
        default="hash", metadata={"help": "hash: keep a keyed hash of author names; keep: keep the names."}
    )
    author_key: str = field(
        default="", metadata={"help": "Secret of the author hash; without it no author is kept.", "secret": True}
    )

    def __post_init__(self) -> None:
        """Refuse values that cannot work, at start."""
        for cidr in self.allowed_networks:
            try:
                ip_network(cidr)
            except ValueError:
                raise ValueError(f"allowed_networks: {cidr!r} is no network; write for example 192.0.2.0/24") from None
        proxy_of(self.proxy or "", self.proxy_exceptions)
        for position, pair in enumerate(self.credentials, start=1):
            name, equals, secret = pair.partition("=")
            # The pair is not repeated: it holds a secret.
            if not (name.strip() and equals and secret.strip() and secret.strip().isascii()):
                raise ValueError(f"credentials: number {position} is not of the form NAME=SECRET")
        if self.author_policy not in AUTHOR_POLICIES:
            raise ValueError(f"author_policy: {self.author_policy!r} is unknown; use one of {AUTHOR_POLICIES}")
        for name in NOT_NEGATIVE:
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: {getattr(self, name)} must be 0 (never) or more")
        for name in POSITIVE:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: {getattr(self, name)} must be greater than 0")

    def credential(self, name: str) -> str | None:
        """Return the secret that the settings hold under `name`, or None."""
        pairs = (pair.partition("=") for pair in self.credentials)
        return next((secret.strip() for known, _, secret in pairs if known.strip() == name), None)
