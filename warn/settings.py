"""What an operator may turn in this room. It reads no environment; `api/settings.py` does."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class WarnSettings:
    """How much history a surge is measured against, how often it may be wrong, and how alerts are grouped."""

    baseline_days: int = field(default=28, metadata={"help": "days of history that a surge is measured against"})
    baseline_min_days: int = field(
        default=14, metadata={"help": "days with posts that must be known before a surge is called at all"}
    )
    guard_hours: int = field(
        default=24,
        metadata={"help": "latest hours kept out of the history, so that a build-up cannot hide itself"},
    )
    false_alarms_per_quarter: float = field(
        default=1.0, metadata={"help": "false surge alarms tolerated per series and quarter, from 0.1 to 10"}
    )
    false_alarms_per_week: float = field(
        default=3.0, metadata={"help": "false surge alarms tolerated per week over all series of the desk together"}
    )
    surge_min_voices: int = field(
        default=3, metadata={"help": "fewest distinct posts (copies count once) that can be called a surge"}
    )
    surge_quiet_hours: int = field(
        default=24, metadata={"help": "hours without an alarm after which the next one is a new surge"}
    )
    alerts_per_hour: int = field(
        default=100,
        metadata={"help": "alerts an item rule opens within an hour before further posts are gathered by group"},
    )
    repeat_after_hours: int = field(
        default=72, metadata={"help": "hours of quiet after which copies of a resolved alert's text open a new alert"}
    )
    repeat_open_hours: int = field(
        default=24, metadata={"help": "hours after which partners are reminded of an alert nobody took on; 0: never"}
    )
    escalate_after_minutes: int = field(
        default=120, metadata={"help": "minutes after which an alert nobody took on is escalated; 0: never"}
    )
    escalate_min_severity: int = field(default=70, metadata={"help": "severity from which alerts escalate, 0 to 100"})
    alert_batch: int = field(default=500, metadata={"help": "assessments looked at in one transaction"})
    stale_hours_batch: int = field(default=200, metadata={"help": "hours counted again before alerts are raised"})

    def __post_init__(self) -> None:
        """Refuse values that cannot work, with the name and what would be right."""
        days = ("baseline_days", "baseline_min_days", "surge_min_voices", "alerts_per_hour", "repeat_after_hours")
        for name in (*days, "surge_quiet_hours", "alert_batch", "stale_hours_batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("repeat_open_hours", "escalate_after_minutes", "escalate_min_severity"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 or more")
        if self.guard_hours < 24:
            raise ValueError(f"guard_hours is {self.guard_hours}; it must be at least 24, a surge's longest window")
        if self.baseline_min_days > self.baseline_days:
            raise ValueError(
                f"baseline_min_days is {self.baseline_min_days}; it must be at most baseline_days, {self.baseline_days}"
            )
        for name, most in (("false_alarms_per_quarter", 10), ("false_alarms_per_week", 1000)):
            if not 0.1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}; it must lie between 0.1 and {most}")
