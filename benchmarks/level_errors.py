"""Measure the error of the counters: pairs of designs by counters and in gates, for compare/verdict/level_errors.toml.

    python -m benchmarks.level_errors

Each pair takes some minutes. The pairs differ in what counters and gates treat differently: where the SNN has its
states, and whether the ANN skips zeros.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.command import tospike
from benchmarks.spec import HERE

FILE = HERE.parent / "compare" / "verdict" / "level_errors.toml"
PAIRS = (
    "compare digits --pair",
    "compare digits --pair --engine event",
    "compare digits --pair --lanes 2",
    "compare digits --pair --lanes 1",
    "compare digits --pair --engine event --lanes 2",
)
COMMON = "--gates --gate-samples 20 --no-synth --no-sensitivity --no-iso-accuracy --no-matched-qnn --rtl-samples 1"
HEAD = """\
# Pairs of designs measured at both levels with the same prices (OSU 180 nm). Ratios are SNN over ANN; of the gates one
# without delays and one with the library's. Written by `python -m benchmarks.level_errors`.
"""


def measure(command: str) -> str:
    """Return a pair's table for the file."""
    with TemporaryDirectory() as folder:
        tospike(f"{command} {COMMON}", "--out", f"{folder}/report")
        report = json.loads((Path(folder) / "report" / "report.json").read_text())
    ann, snn = ({**design["gates_pj"]["levels"]} for design in report["designs"])
    ratios = {level: snn[level] / ann[level] for level in ("counters", "zero", "library")}
    return (
        "\n[[pair]]\n"
        f'command = "tospike {command} {COMMON}"\n'
        f'states = "{report["verdict"]["judged"]["place"]}"\n'
        f"counters = {ratios['counters']:.4g}\n"
        f"gates = [{ratios['zero']:.4g}, {ratios['library']:.4g}]\n"
    )


def main() -> None:
    """Measure every pair, and write the file."""
    tables = [measure(command) for command in PAIRS]
    FILE.write_text(HEAD + "".join(tables), "utf-8")
    print(FILE.read_text("utf-8"))


if __name__ == "__main__":
    main()
