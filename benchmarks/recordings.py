"""``python -m benchmarks.recordings [FILE ...]``: how fast recordings of event sensors are decoded, in MB/s of file.

Without files, it writes a million random events as EVT 2.0, .dat, AEDAT 2.0, N-MNIST and Event Stream. Best of five
runs, by the time of the processor.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from tospike.gen.data.events.formats import open_recording

EVENTS, RUNS = 1_000_000, 5


def write_all(folder: Path) -> list[Path]:
    """Write the same events in each format; return the files."""
    generator = np.random.default_rng(1)
    t = np.cumsum(generator.integers(0, 8, EVENTS))
    x, y, p = (generator.integers(0, size, EVENTS) for size in (128, 128, 2))
    high = np.flatnonzero(np.diff(t >> 6, prepend=-1))
    evt2 = np.insert((p << 28) | ((t & 63) << 22) | (x << 11) | y, high, (8 << 28) | (t[high] >> 6)).astype("<u4")
    pairs = {
        "evt2": b"% evt 2.0\n" + evt2.tobytes(),
        "dat": b"% Version 2\n\x00\x08" + np.stack((t, p << 28 | y << 14 | x), axis=1).astype("<u4").tobytes(),
        "aedat2": b"#!AER-DAT2.0\r\n# AEChip: DVS128\r\n"
        + np.stack((y << 8 | x << 1 | p, t), axis=1).astype(">u4").tobytes(),
        "nmnist": np.stack((x, y, p << 7 | t >> 16, t >> 8 & 255, t & 255), axis=1).astype(np.uint8).tobytes(),
        "es": b"Event Stream\2\0\0\1\x80\0\x80\0"
        + np.stack((np.diff(t, prepend=0) << 1 | p, x, x * 0, y, y * 0), axis=1).astype(np.uint8).tobytes(),
    }
    files = []
    for name, data in pairs.items():
        files.append(folder / name)
        files[-1].write_bytes(data)
    return files


def measure(path: Path) -> tuple[str, int, float]:
    """Return the format, the number of events, and megabytes of the file per second."""
    best, events = float("inf"), 0
    reader = open_recording(path)
    for _ in range(RUNS):
        start = time.process_time()
        events = sum(len(part) for part in reader.events())
        best = min(best, time.process_time() - start)
    return reader.NAME, events, reader.size / best / 1e6


def main() -> None:
    """Print a line for each file."""
    table = Table("file", "format", "events", "MB/s", "million events/s")
    with tempfile.TemporaryDirectory() as folder:
        for path in [Path(name) for name in sys.argv[1:]] or write_all(Path(folder)):
            name, events, speed = measure(path)
            rate = speed * 1e6 / path.stat().st_size * events / 1e6
            table.add_row(path.name, name, f"{events:,}", f"{speed:.0f}", f"{rate:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
