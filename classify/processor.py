"""What this machine's processor says it multiplies, by the names that Linux has for it."""

from functools import cache
from pathlib import Path

INFO = Path("/proc/cpuinfo")


def tiles() -> bool:
    """Whether it multiplies bf16 in tiles (AMX)."""
    return "amx_bf16" in _features(INFO)


def int8() -> bool:
    """Whether it multiplies int8 by itself; where it does not, int8 weights are unpacked as they are used."""
    return bool(_features(INFO) & {"avx512_vnni", "avx_vnni", "amx_int8", "i8mm", "asimddp"})


def bf16() -> bool:
    """Whether it multiplies bf16 by itself; where it does not, full precision is several times as fast."""
    return bool(_features(INFO) & {"amx_bf16", "avx512_bf16", "bf16"})


@cache  # it is asked at every step of a training
def _features(info: Path) -> frozenset[str]:
    try:
        return frozenset(info.read_text(encoding="utf-8", errors="replace").split())
    except OSError:  # not Linux
        return frozenset()
