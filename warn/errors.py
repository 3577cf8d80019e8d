"""What can go wrong in this room. Every message is one sentence for the person who asked.

WarnError
├── Refused            the request is wrong; `problems` holds one sentence per field
│   ├── RuleRefused
│   ├── SilenceRefused
│   ├── InhibitionRefused
│   ├── FiltersRefused
│   ├── TagRefused
│   ├── NoteRefused
│   └── TrendRefused
├── NotFound           no such rule, alert, silence or inhibition
└── Conflict           it is too late, or the name is taken
    ├── NameTaken
    ├── AlreadyAcknowledged
    └── AlreadyResolved
"""


class WarnError(Exception):
    """The root of this room's errors."""


class Refused(WarnError):
    """The request cannot be kept; `problems` says why, one sentence per field."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


class RuleRefused(Refused):
    """A rule that could never work, or not as its author thinks."""


class SilenceRefused(Refused):
    """A silence without a reason or an end, or one that holds nothing back."""


class InhibitionRefused(Refused):
    """An inhibition without a reason, or one that would hold too much back."""


class FiltersRefused(Refused):
    """Filters of a webhook that name no known field or value."""


class TagRefused(Refused):
    """Too many tags, or too long ones."""


class NoteRefused(Refused):
    """An event that names nothing, or a time that cannot be."""


class TrendRefused(Refused):
    """A question about trends that has no answer."""


class NotFound(WarnError):
    """There is no such row."""


class Conflict(WarnError):
    """The row is no longer in a state that allows this."""


class NameTaken(Conflict):
    """Another rule has this name."""


class AlreadyAcknowledged(Conflict):
    """Somebody has acknowledged the alert before."""


class AlreadyResolved(Conflict):
    """Somebody has resolved the alert before."""
