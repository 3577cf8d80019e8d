"""What this machine's processor says it multiplies, by the names that Linux has for it."""

from pathlib import Path

INFO = Path("/proc/cpuinfo")


def tiles() -> bool:
    """Whether it multiplies bf16 in tiles (AMX)."""
    return "amx_bf16" in _features()


def bf16() -> bool:
    """Whether it multiplies bf16 by itself; where it does not, full precision is several times as fast."""
    return bool(_features() & {"amx_bf16", "avx512_bf16", "bf16"})


def _features() -> frozenset[str]:
    try:
        return frozenset(INFO.read_text(encoding="utf-8", errors="replace").split())
    except OSError:  # not Linux
        return frozenset()
