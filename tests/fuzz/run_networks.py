"""Random networks for hours, or a given number of them: ``python tests/fuzz/run_networks.py --hours 2``.

A seed is a whole network, so what fails is kept as a line in ``tests/fuzz/corpus/networks.txt``, from where
``test_networks.py`` replays it.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz import oracles

CHECKS = {
    "ann": oracles.check_ann,
    "snn": oracles.check_snn,
    "quantized": oracles.check_quantized,
    "ann-rtl": oracles.check_ann_rtl,
    "snn-rtl": oracles.check_snn_rtl,
}
CORPUS = Path(__file__).with_name("corpus") / "networks.txt"
RTL_EVERY = 100
"""A simulator takes longer to build than so many networks to compute."""


def kept() -> list[tuple[str, int]]:
    """Checks and seeds that failed once."""
    lines = CORPUS.read_text().split("\n")[:-1] if CORPUS.is_file() else []
    return [(check, int(seed)) for check, seed in map(str.split, lines)]


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--count", type=int, default=0, help="so many seeds, instead of hours")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the first; each network takes the next")
    parser.add_argument("--no-keep", action="store_true", help="leave the corpus as it is")
    given = parser.parse_args()
    begin, number, failed = time.monotonic(), 0, 0
    while number < given.count if given.count else time.monotonic() - begin < 3600 * given.hours:
        seed = given.seed + number
        for check in list(CHECKS)[: 5 if number % RTL_EVERY == RTL_EVERY - 1 else 3]:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    CHECKS[check](seed, Path(folder))
                except Exception as error:
                    failed += 1
                    print(f"{check}, seed {seed}: {type(error).__name__}: {error}", flush=True)
                    if not given.no_keep:
                        with CORPUS.open("a") as file:
                            file.write(f"{check} {seed}\n")
        number += 1
    print(f"{number} seeds, {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
