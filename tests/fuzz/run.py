"""Damaged files for hours, or a given number of them: ``python tests/fuzz/run.py --hours 2``, or ``--count 2000``.

Every fault is printed, made as small as a few hundred tries make it, and kept in ``tests/fuzz/corpus``, from where
``test_mutants.py`` replays it.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.files import mutant, try_file
from fuzz.seed_files import SEEDS

from tospike.gen.files.written_folder import digest

CORPUS = Path(__file__).with_name("corpus")
LARGEST = 20_000
"""Bytes of a file that the corpus keeps."""
TRIES = 200


def smaller(kind: str, data: bytes, fault: str) -> bytes:
    """The file with as much cut out of it as leaves the fault."""
    size, tries = len(data) // 2, 0
    while size >= 8 and tries < TRIES:
        start = 0
        while start < len(data) and tries < TRIES:
            shorter = data[:start] + data[start + size :]
            tries += 1
            if try_file(kind, shorter).fault == fault:
                data = shorter
            else:
                start += size
        size //= 2
    return data


def keep(kind: str, data: bytes) -> Path | None:
    """Store a file in the corpus, unless it is large."""
    if len(data) > LARGEST:
        return None
    CORPUS.mkdir(exist_ok=True)
    path = CORPUS / f"{kind}-{digest(data)[:12]}"
    path.write_bytes(data)
    return path


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--count", type=int, default=0, help="so many files of all kinds together, instead of hours")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the first file's; each takes the next")
    parser.add_argument("--kinds", default=",".join(SEEDS))
    parser.add_argument("--no-keep", action="store_true", help="leave the corpus as it is")
    given = parser.parse_args()
    kinds, begin = given.kinds.split(","), time.monotonic()
    ended: Counter[str] = Counter()
    faults: dict[str, tuple[str, int]] = {}
    slowest, number = 0.0, 0
    while number < given.count if given.count else time.monotonic() - begin < 3600 * given.hours:
        kind, seed = kinds[number % len(kinds)], given.seed + number
        data = mutant(kind, seed)
        outcome = try_file(kind, data)
        slowest = max(slowest, outcome.seconds)
        ended[f"{kind}: {outcome.status}"] += 1
        if outcome.fault and outcome.fault not in faults:
            faults[outcome.fault] = kind, seed
            print(f"{kind}, seed {seed}: {outcome.fault}", flush=True)
            if not given.no_keep:
                print(f"  kept as {keep(kind, smaller(kind, data, outcome.fault))}", flush=True)
        ended["faults"] += bool(outcome.fault)
        number += 1
    print(
        f"{number} files, {ended.pop('faults', 0)} with a fault, {len(faults)} faults; the slowest took {slowest:.1f} s"
    )
    print(", ".join(f"{name}: {count}" for name, count in sorted(ended.items())))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
