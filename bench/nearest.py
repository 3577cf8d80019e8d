"""What finding decided passages like one costs, and whether what it finds is alike in more than letters.

Our own training texts are kept as if decided, our development texts (other wordings, other groups) ask. Prints
`name<TAB>value` lines: processor seconds to keep 5,000 passages, megabytes they take, processor milliseconds of one
question and of one new decision, and the share of the three found that carry the very signals and stance of the text
that asked, beside what chance would give.

Run: python bench/nearest.py [PASSAGES]
"""

import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from classify.nearest import Index, groups_of
from classify.train import authored


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    chance = random.Random(5)
    kept = [(one.text, meaning(one)) for one in authored.texts("train", seed=1)]
    kept = chance.sample(kept, min(size, len(kept)))
    asking = [(one.text, meaning(one)) for one in authored.texts("dev", seed=1)]
    asking = chance.sample(asking, min(400, len(asking)))
    index: Index[int] = Index()
    began = time.process_time()
    for number, (text, _) in enumerate(kept):
        index.put(number, text)
    print(f"nearest.passages\t{len(index)}")
    print(f"nearest.keep_s\t{time.process_time() - began:.2f}")
    held = sum(part.nbytes for text, _ in kept for part in groups_of(text))
    print(f"nearest.mb\t{2 * held / 1e6:.0f}")  # once by text, once in one row
    index.nearest("warm", 3, 0.2)
    times, same, found = [], 0, 0
    for text, wanted in asking:
        began = time.process_time()
        near = index.nearest(text, 3, 0.2)
        times.append(time.process_time() - began)
        found += len(near)
        same += sum(kept[key][1] == wanted for key, _ in near)
    began = time.process_time()
    index.put(0, kept[0][0] + " again")
    index.nearest("one more", 3, 0.2)
    print(f"nearest.decision_ms\t{1000 * (time.process_time() - began):.1f}")
    print(f"nearest.p50_ms\t{1000 * statistics.median(times):.1f}")
    print(f"nearest.p95_ms\t{1000 * statistics.quantiles(times, n=20)[-1]:.1f}")
    print(f"nearest.found_per_text\t{found / len(asking):.2f}")
    print(f"nearest.same_meaning\t{same / max(1, found):.3f}")
    by_chance = sum(chance.choice(kept)[1] == wanted for _, wanted in asking for _ in range(20)) / (20 * len(asking))
    print(f"nearest.same_meaning.chance\t{by_chance:.3f}")


def meaning(one: authored.Authored) -> tuple[tuple[str, ...], str]:
    return tuple(sorted(one.meaning.signals)), one.meaning.stance


if __name__ == "__main__":
    main()
