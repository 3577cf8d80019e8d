"""Merkle trees of RFC 6962: roots, inclusion and consistency proofs, and how anybody checks them. Pure.

A tree is known by the hashes of its complete subtrees: `nodes(level, position)` gives the one over the leaves from
`position * 2**level` on. Hashes are 32 bytes. Proofs over part of a tree follow the IETF draft on tree certificates.
"""

import hashlib
from collections.abc import Callable, Sequence

Nodes = Callable[[int, int], bytes]
SIZE = 32
EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry, which no node can have."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node from its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(nodes: Nodes, size: int) -> bytes:
    """Return the root over the first `size` leaves."""
    return span(nodes, 0, size) if size else EMPTY


def span(nodes: Nodes, start: int, end: int) -> bytes:
    """Return the hash over the leaves from `start` up to `end`; `start` is a multiple of the span's rounded-up size."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _split(size)
    return node_hash(span(nodes, start, middle), span(nodes, middle, end))


def inclusion(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """Return the proof that leaf `index` is among the first `size`; raises ValueError when it is not."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} among {size}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(span(nodes, middle, end))
            end = middle
        else:
            proof.append(span(nodes, start, middle))
            start = middle
    return proof[::-1]


def consistency(nodes: Nodes, first: int, second: int) -> list[bytes]:
    """Return the proof that the first `first` leaves are the beginning of the first `second`; raises ValueError."""
    if not 0 < first <= second:
        raise ValueError(f"a tree of {first} leaves is no beginning of one of {second}")
    proof: list[bytes] = []
    start, end, whole = 0, second, True
    while first < end:
        middle = start + _split(end - start)
        if first <= middle:
            proof.append(span(nodes, middle, end))
            end = middle
        else:
            proof.append(span(nodes, start, middle))
            start, whole = middle, False
    if not whole:
        proof.append(span(nodes, start, end))
    return proof[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether `proof` shows that `leaf` stands at `index` of the tree of `size` leaves with root `expected`."""
    if not 0 <= index < size or len(leaf) != SIZE:
        return False
    at, last, result = index, size - 1, leaf
    for one in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            result = node_hash(one, result)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            result = node_hash(result, one)
        at, last = at >> 1, last >> 1
    return last == 0 and result == expected


def begins(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree of `first` leaves is the beginning of the tree of `second` leaves."""
    return first > 0 and holds(0, first, second, first_root, second_root, proof)


def includes_within(leaf: bytes, index: int, start: int, end: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether `proof` shows that `leaf` stands at `index` of the part of a tree from `start` up to `end`."""
    return _is_part(start, end) and start <= index and includes(leaf, index - start, end - start, proof, expected)


def holds(start: int, end: int, size: int, part: bytes, whole: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the leaves from `start` up to `end`, hashing to `part`, lie in the tree `whole`."""
    if not 0 <= start <= end <= size:
        return False
    if start == end:
        return part == EMPTY and not proof  # nothing lies in everything
    if not _is_part(start, end):
        return False
    first, last, top = start, end - 1, size - 1
    while first != last and (last & 1 or last == top):
        first, last, top = first >> 1, last >> 1, top >> 1
    path = list(proof)
    if first != last and not path:
        return False
    lowest = part if first == last else path.pop(0)
    return _climbed(first, last, top, lowest, path) == (part, whole)


def _climbed(first: int, last: int, top: int, lowest: bytes, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the hashes of the part and of the whole that the path leads to; None when it ends too low or too high."""
    part = whole = lowest
    for one in path:
        if top == 0:
            return None
        if last & 1 or last == top:
            if first < last:
                part = node_hash(one, part)
            whole = node_hash(one, whole)
            while not last & 1 and last:
                first, last, top = first >> 1, last >> 1, top >> 1
        else:
            whole = node_hash(whole, one)
        first, last, top = first >> 1, last >> 1, top >> 1
    return (part, whole) if top == 0 else None


def _split(size: int) -> int:
    """Return the largest power of two that is smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _is_part(start: int, end: int) -> bool:
    """Whether a tree has a subtree over these leaves."""
    return 0 <= start < end and start % (1 << (end - start - 1).bit_length()) == 0
