"""Proofs agree with those that others publish, and with the plain definition of the RFC on trees of every size."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import merkle

PACK = Path(__file__).parents[3] / "shared" / "conformance" / "merkle_rfc6962.jsonl"
CASES = [json.loads(line) for line in PACK.read_text().splitlines()] if PACK.exists() else []
LEAVES = [merkle.leaf_hash(bytes([number])) for number in range(70)]


def plain(leaves: list[bytes]) -> bytes:
    """The definition, written down as the RFC writes it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + plain(leaves[:half]) + plain(leaves[half:])).digest()


def nodes(level: int, position: int) -> bytes:
    return plain(LEAVES[position << level : (position + 1) << level])


def unpacked(case: dict[str, Any], *names: str) -> list[bytes]:
    return [base64.b64decode(case[name] or "") for name in names]


@pytest.mark.skipif(not CASES, reason="the packs of other projects are not here")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"])
def test_the_published_verdicts(case: dict[str, Any]) -> None:
    proof = [base64.b64decode(one) for one in case["proof"] or []]
    if case["kind"] == "inclusion":
        leaf, expected = unpacked(case, "leafHash", "root")
        found = merkle.includes(leaf, case["leafIdx"], case["treeSize"], proof, expected)
    elif case["kind"] == "subtreeinclusion":
        leaf, expected = unpacked(case, "leafHash", "root")
        found = merkle.includes_within(leaf, case["leafIdx"], case["start"], case["end"], proof, expected)
    elif case["kind"] == "consistency":
        found = merkle.begins(case["size1"], case["size2"], *unpacked(case, "root1", "root2"), proof)
    else:
        roots = unpacked(case, "root1", "root2")
        found = merkle.holds(case["start"], case["end"], case["size"], *roots, proof)
    assert found == (not case["wantErr"])


@given(st.integers(1, len(LEAVES)), st.data())
def test_every_leaf_of_every_tree_is_proved_and_nothing_else(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    expected = plain(LEAVES[:size])
    assert merkle.root(nodes, size) == expected
    proof = merkle.inclusion(nodes, index, size)
    assert merkle.includes(LEAVES[index], index, size, proof, expected)
    assert merkle.includes(LEAVES[other], index, size, proof, expected) == (other == index)
    assert not merkle.includes(LEAVES[index], index, size, [*proof, expected], expected)


@given(st.integers(1, len(LEAVES)), st.data())
def test_every_beginning_of_every_tree_is_proved_and_no_forged_one(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second))
    old, new = plain(LEAVES[:first]), plain(LEAVES[:second])
    proof = merkle.consistency(nodes, first, second)
    assert merkle.begins(first, second, old, new, proof)
    assert not merkle.begins(first, second, plain(LEAVES[1 : first + 1]), new, proof) or first == second == 0
    assert not merkle.begins(first, second, old, plain([*LEAVES[: second - 1], b"x" * 32]), proof) or first == 0


def test_what_cannot_be_proved_is_refused() -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion(nodes, 3, 3)
    with pytest.raises(ValueError, match="no beginning"):
        merkle.consistency(nodes, 4, 3)
