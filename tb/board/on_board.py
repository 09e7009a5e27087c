"""Run a trained network's samples on a board, and compare with the golden model."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tospike.gen.data.datasets import DataSet
from tospike.gen.driver.interface import writable_regions
from tospike.gen.emit.beats import input_beats
from tospike.gen.emit.folder import config_hash
from tospike.gen.emit.memory_init import pack
from tospike.gen.pipeline import Prepared
from tospike.hw.host.layout import MAGIC, Register, counter_names
from tospike.hw.layout import INDEX_BITS, config_writes
from tospike.hw.params import require
from tospike.sim import accelerator as golden
from tospike.sim.design import Design
from tospike.sim.network import Array
from tospike.sim.network.output_order import as_network
from tospike.sim.result import Result
from tospike.tb.board.serial_host import SerialHost
from tospike.tb.replay.replay import COUNTER_RANGE

TIMING_COUNTERS = ("cycles", "array_cycles")
"""Counters that depend on the speed of the host."""
SLOWEST_CLOCK = 1e6
"""Lower bound of the clock of any board, Hz."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardRun:
    """Results of a board."""

    correct: Array
    """(N,) bool."""
    mismatches: int
    """Samples whose outputs differ from the golden model's, plus totals of counters that differ."""
    counters: dict[str, int]
    """After all samples. Those in `TIMING_COUNTERS` include cycles in which the host waits."""

    @property
    def accuracy(self) -> float:
        """Fraction of correct predictions."""
        return float(np.mean(self.correct))


def run_on_board(
    prepared: Prepared,
    data: DataSet,
    host: SerialHost,
    *,
    progress: Callable[[int], None] = lambda done: None,
) -> BoardRun:
    """Run the test samples.

    Raises
    ------
    InputError
        The board does not answer, or holds another design.
    """
    params = prepared.design.params
    x = prepared.integers(data.x)
    host.reset()
    _check_design(host, config_hash(params, pack(prepared.design)))
    if writable_regions(params):
        host.write_all(memory_writes(prepared.design))
        host.reset()  # which keeps the memories: states begin with the biases that were written
    host.clear_counters()
    expected = golden.run(prepared.design, x)
    outputs = []
    for number, sample in enumerate(x, start=1):
        seconds = float(expected.cycles[number - 1]) / SLOWEST_CLOCK
        outputs.append(host.run(input_beats(params, sample), words=params.output_words, seconds=seconds))
        require(
            len(outputs[-1]) == params.output_words,
            f"the board answers sample {number - 1} with {len(outputs[-1])} words, not {params.output_words}",
        )
        progress(number)
    got = np.array(outputs, dtype=np.uint32).astype(np.int32).astype(np.int64)
    got = got if params.sends_class else as_network(params, got)
    counters = {name: host.read(Register.COUNTER + 4 * number) for number, name in enumerate(counter_names(params))}
    differing = differing_counters(counters, expected)
    return BoardRun(
        correct=replace(expected, outputs=got).predictions == data.y,
        mismatches=int((got != expected.outputs).any(axis=1).sum()) + len(differing),
        counters=counters,
    )


def memory_writes(design: Design) -> Iterator[tuple[int, int]]:
    """Yield address and data of the register writes that fill the writable memories with a network's weights."""
    contents = pack(design)
    for region in writable_regions(design.params):
        following = None  # the index that CONFIG_ADDRESS has counted up to
        for index, data in config_writes(region.shape, contents[region.engine][region.shape.name]):
            if index != following:
                yield Register.CONFIG_ADDRESS, region.number << INDEX_BITS | index
            yield Register.CONFIG_DATA, data
            following = index + 1


def differing_counters(counters: Mapping[str, int], expected: Result) -> list[str]:
    """Return the names of the totals that are not the golden model's, except `TIMING_COUNTERS`."""
    return [
        name
        for name, value in counters.items()
        if name.split(".")[-1] not in TIMING_COUNTERS and value != int(expected.counters[name].sum()) % COUNTER_RANGE
    ]


def _check_design(host: SerialHost, wanted: int) -> None:
    magic = host.read(Register.MAGIC)
    require(magic == MAGIC, f"the accelerator has the ID {magic:#x}, not {MAGIC:#x}: load a bitstream of tospike")
    held = host.read(Register.HASH_HIGH) << 32 | host.read(Register.HASH_LOW)
    require(
        held == wanted,
        f"the board holds design {held:016x}, and this network with these options is {wanted:016x}: generate, build "
        "and load it, or give the options that it was generated with",
    )
