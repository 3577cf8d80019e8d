"""Try a source without storing anything: `tocsin sources check`."""

import datetime as dt
import hashlib
from dataclasses import dataclass

from ingest import dates
from ingest.errors import IngestError
from ingest.http import Network
from ingest.readers import Place, reader_for
from ingest.settings import IngestSettings
from models.source import POLLED_KINDS, Source


@dataclass(frozen=True)
class Check:
    """What a source answered: `state` as the source would have it, and one sentence."""

    name: str
    state: str
    sentence: str
    entries: int = 0
    newest: dt.datetime | None = None

    @property
    def good(self) -> bool:
        """Whether the source can be read as it is."""
        return self.state == "ok"


def check_source(network: Network, settings: IngestSettings, source: Source, now: dt.datetime) -> Check:
    """Read a source once, as if for the first time, and say what came; raises nothing that a source can cause."""
    if source.kind not in POLLED_KINDS:
        return Check(source.name, "ok", f"nothing to ask: items of a {source.kind} source come to us")
    place = Place(name=source.name, kind=source.kind, url=source.url or "", credential=source.credential)
    entries, dropped, times = 0, None, []
    try:
        for batch in reader_for(source.kind).read(place, network, _hash_only, settings, now):
            entries += len(batch.entries)
            dropped = batch.reason or dropped
            times += [moment for entry in batch.entries if (moment := dates.understood(entry.published))]
    except IngestError as error:
        return Check(source.name, error.state, str(error), entries, max(times, default=None))
    newest = max(times, default=None)
    when = f", the newest of {newest:%Y-%m-%d %H:%M} UTC" if newest else ""
    return Check(source.name, "ok", f"{entries} entries{when}" + (f"; {dropped}" if dropped else ""), entries, newest)


def _hash_only(body: bytes, content_type: str | None) -> str:  # noqa: ARG001
    return hashlib.sha256(body).hexdigest()
