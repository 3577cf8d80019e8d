"""What a processor multiplies is read from its flags."""

from pathlib import Path

import pytest

from classify import processor


@pytest.mark.parametrize(
    ("flags", "tiles", "bf16", "int8"),
    [
        ("avx512_bf16 amx_tile amx_bf16 amx_int8", True, True, True),
        ("avx2 avx512_bf16", False, True, False),
        ("asimd bf16 i8mm", False, True, True),
        ("avx2 avx512_vnni", False, False, True),
        ("avx2 fma", False, False, False),
    ],
)
def test_flags_tell(
    flags: str, tiles: bool, bf16: bool, int8: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "INFO", tmp_path / "none")
    assert not processor.tiles()  # no such file: not Linux
    assert not processor.bf16()
    assert not processor.int8()
    monkeypatch.setattr(processor, "INFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(f"flags\t: fpu {flags}\n")
    assert processor.tiles() is tiles
    assert processor.bf16() is bf16
    assert processor.int8() is int8
