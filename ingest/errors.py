"""Everything that can go wrong while collecting.

    IngestError                   state in which the source is shown; whether trying again may help
    ├── Unreachable               failing      yes   no address, no connection, reset, bad certificate
    │   └── DeadlinePassed        failing      yes   the whole fetch took longer than it may
    ├── BadAnswer                 failing      yes   an HTTP status that is no success
    │   ├── AccessDenied          refused      yes   401, 403, 451: the publisher refuses us
    │   └── Throttled             throttled    yes   429, or a quota that is used up
    ├── Refused                   refused      no    we refuse: URL, address, redirect
    │   └── CredentialMissing     refused      no    the source needs a secret that is not set
    ├── TooLarge                  too_large    no    over a size, ratio or layer limit
    ├── Truncated                 truncated    yes   the body ends before its end
    ├── NoFeed                    no_feed      yes   an answer, but no feed
    ├── ReadingKilled             failing      no    reading cost more time or memory than allowed
    ├── FolderUnreadable          failing      yes   a watched folder is missing or closed to us
    └── InputRefused              -            no    a push, import or pack that cannot be taken

"No" is not "never": a source is asked again, but more rarely.
"""


class IngestError(Exception):
    """A failure of collecting, as one plain sentence."""

    state = "failing"
    temporary = True


class Unreachable(IngestError):
    """Nobody answered, or the connection broke."""


class DeadlinePassed(Unreachable):
    """The fetch as a whole took longer than it may."""


class BadAnswer(IngestError):
    """An HTTP status that is no success. `retry_after` is the header as it came."""

    def __init__(self, message: str, status: int, retry_after: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class AccessDenied(BadAnswer):
    """The publisher refuses us."""

    state = "refused"


class Throttled(BadAnswer):
    """The platform asks us to wait: too many requests, or a quota that is used up."""

    state = "throttled"


class Refused(IngestError):
    """We refuse to go there."""

    state = "refused"
    temporary = False


class CredentialMissing(Refused):
    """The source names a secret that the settings do not hold."""


class TooLarge(IngestError):
    """The answer is over a limit that protects this machine."""

    state = "too_large"
    temporary = False


class Truncated(IngestError):
    """The answer ends before its end."""

    state = "truncated"


class NoFeed(IngestError):
    """Something answers there, but it is no feed: often a login page or a parked domain."""

    state = "no_feed"


class ReadingKilled(IngestError):
    """Reading the answer was stopped because it cost too much."""

    temporary = False


class FolderUnreadable(IngestError):
    """A watched folder is not there or not readable."""


class InputRefused(IngestError):
    """A push, an import or a pack that cannot be taken as a whole."""

    temporary = False
