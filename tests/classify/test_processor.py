"""What a processor multiplies is read from its flags."""

from pathlib import Path

import pytest

from classify import processor


@pytest.mark.parametrize(
    ("flags", "tiles", "bf16"),
    [
        ("avx512_bf16 amx_tile amx_bf16", True, True),
        ("avx2 avx512_bf16", False, True),
        ("asimd bf16 i8mm", False, True),
        ("avx2 avx512_vnni", False, False),
    ],
)
def test_flags_tell(flags: str, tiles: bool, bf16: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "INFO", tmp_path / "none")
    assert not processor.tiles()  # no such file: not Linux
    assert not processor.bf16()
    monkeypatch.setattr(processor, "INFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(f"flags\t: fpu {flags}\n")
    assert processor.tiles() is tiles
    assert processor.bf16() is bf16
