"""Check an evidence bundle of Tocsin; it needs Python and nothing else: `python3 verify.py`, inside the folder.

It checks that no file was changed, that each row's entry stands in the log that the checkpoint names (RFC 6962), that
the checkpoint was signed by the key given (Ed25519, RFC 8032), and that texts and raw bytes are those that the entries
vouch for. Compare key.txt with the key that the organisation publishes elsewhere: the bundle cannot prove its own key.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def main(folder: Path) -> int:
    """Print one line per check; return 0 when all hold, 1 otherwise."""
    failed = 0
    for name, holds in checks(folder):
        print(f"{'ok    ' if holds else 'FAILED'} {name}")  # noqa: T201  a script for people
        failed += not holds
    print(f"{failed} checks failed" if failed else "everything holds")  # noqa: T201
    return 1 if failed else 0


def checks(folder: Path) -> Iterator[tuple[str, bool]]:
    """Give each check with its result."""
    listed = [line.split("  ", 1) for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()]
    for expected, name in listed:
        path = folder / name
        yield f"checksum of {name}", path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == expected
    proofs = json.loads((folder / "proofs.json").read_text(encoding="utf-8"))
    note = (folder / "checkpoint.txt").read_text(encoding="utf-8")
    size, root = head_of(note)
    yield "the checkpoint is signed by the key in key.txt", signed(note, (folder / "key.txt").read_text().strip())
    for proof in proofs:
        name = f"{proof['kind']} {proof['id']} stands in the log at {proof['position']}"
        same = (proof["size"], proof["root"]) == (size, root)
        yield name, same and included(proof)
    case = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    entries = {(proof["kind"], proof["id"]): json.loads(proof["entry"]) for proof in proofs}
    yield from content_checks(case, entries, raw_hashes(folder / "raw.warc"))


def content_checks(
    case: dict[str, Any], entries: dict[tuple[str, int], dict[str, Any]], raw: set[str]
) -> Iterator[tuple[str, bool]]:
    """Compare what the bundle says with what the log vouches for."""
    for item in case["items"]:
        entry = entries["item", item["id"]]
        if not item["forgotten"]:
            said = json.dumps([item["title"] or "", item["content"]], ensure_ascii=False)
            yield f"text of item {item['id']}", sha256(said) == entry["content_sha256"]
        if entry["raw_sha256"] and not item["raw_forgotten"]:
            yield f"raw bytes of item {item['id']}", entry["raw_sha256"] in raw
    for row in case["assessments"]:
        entry = entries["assessment", row["id"]]
        reading = json.dumps(row["reading"], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        yield f"reading of assessment {row['id']}", sha256(reading) == entry["reading_sha256"]
        if not row["forgotten"]:
            yield f"text of assessment {row['id']}", sha256(row["text"]) == entry["text_sha256"]
    for row in case["reviews"]:
        entry = entries["review", row["id"]]
        decision = json.dumps(row["decision"], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        yield f"decision of review {row['id']}", sha256(decision) == entry["decision_sha256"]


def raw_hashes(path: Path) -> set[str]:
    """Hash the payload of each record of a WARC file, up to the first that cannot be read."""
    data, at, found = path.read_bytes(), 0, set()
    while at < len(data):
        try:
            end = data.index(b"\r\n\r\n", at) + 4
            headers = dict(line.split(": ", 1) for line in data[at:end].decode().splitlines() if ": " in line)
            length = int(headers["Content-Length"])
        except (ValueError, KeyError):
            break
        if headers.get("WARC-Type") == "resource":
            found.add(hashlib.sha256(data[end : end + length]).hexdigest())
        at = end + max(length, 0) + 4
    return found


def included(proof: dict[str, Any]) -> bool:
    """RFC 9162, section 2.1.3.2."""
    at, last = proof["position"], proof["size"] - 1
    result = hashlib.sha256(b"\x00" + proof["entry"].encode()).digest()
    if not 0 <= at <= last or result.hex() != proof["leaf_hash"]:
        return False
    for one in map(bytes.fromhex, proof["proof"]):
        if last == 0:
            return False
        if at & 1 or at == last:
            result = hashlib.sha256(b"\x01" + one + result).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            result = hashlib.sha256(b"\x01" + result + one).digest()
        at, last = at >> 1, last >> 1
    return last == 0 and result.hex() == str(proof["root"])


def head_of(note: str) -> tuple[int, str]:
    """Read size and root out of a signed note."""
    lines = note.splitlines()
    return int(lines[1]), base64.b64decode(lines[2]).hex()


def signed(note: str, key: str) -> bool:
    """Whether a signed note carries a good signature of this key."""
    if "+" not in key:
        return False
    text, _, signatures = note.partition("\n\n")
    name, hashed, packed = key.split("+", 2)
    public = base64.b64decode(packed)[1:]
    for line in signatures.splitlines():
        _, _, rest = line.partition("\u2014 ")
        who, _, value = rest.rpartition(" ")
        decoded = base64.b64decode(value)
        if who == name and decoded[:4].hex() == hashed:
            return verified(public, f"{text}\n".encode(), decoded[4:])
    return False


def verified(public: bytes, message: bytes, signature: bytes) -> bool:
    """Verify Ed25519 as RFC 8032 does it in its own example, slowly and without a library."""
    if len(signature) != 64:
        return False
    a, r, s = unpacked(public), unpacked(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    base_y = 4 * pow(5, P - 2, P) % P
    base = (recovered(base_y, 0) or 0, base_y)
    left = times(s, (base[0], base[1], 1, base[0] * base[1] % P))
    right = add(r, times(h, a))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


def unpacked(data: bytes) -> Point | None:
    """Read a point."""
    y = int.from_bytes(data, "little")
    x = recovered(y & ((1 << 255) - 1), y >> 255)
    y &= (1 << 255) - 1
    return None if x is None else (x, y, 1, x * y % P)


def recovered(y: int, sign: int) -> int | None:
    """Return the x of a point from its y and the sign."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def add(one: Point, two: Point) -> Point:
    """Add two points in extended coordinates."""
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    """Multiply a point."""
    result: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def sha256(text: str) -> str:
    """Hash a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent))
