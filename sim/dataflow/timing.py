"""Exact timing of the dataflow engine, `tospike.hw.dataflow.engine.DataflowDense`.

It depends only on when beats are offered and taken, not on the data. `tospike.sim.cycles.link` explains the method,
which is applied to the parts of the engine, too; but as all samples have the same timing, a time is a single number.
The latencies repeat those of the circuit on purpose: model and circuit must agree without sharing them.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from tospike.hw.params import BeatFormat, DataflowDenseParams, ceil_div
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import BeatsOnly, Link
from tospike.sim.dataflow.stage import BEFORE, Stage
from tospike.sim.engine import EngineRun, Sample
from tospike.sim.window.windows import Windows

MEMORY = 3
"""Cycles from the address of a word of inputs and weights to the word."""
SELECT = 1
"""Cycles from the words of a line buffer to the word of the window."""
MULTIPLIER = 3
"""Cycles from operands to product."""
TABLE = 1
"""The same for products of few bits, if none is a DSP block."""
TABLE_BITS = 5
"""Bits of both operands of such a product at most."""
TERMS = 4
"""Terms of each adder in the tree; its sum is registered."""
REQUANTIZER = 9
"""Cycles from a sum to the result; without requantisation, adding the bias takes 1."""
QUEUE = 2
"""Cycles from a result to the offer of its beat."""
CREDIT = 2
"""Cycles from taking a group's last beat to issuing the last word of the group that gets its place in the queue."""


def sum_latency(params: DataflowDenseParams) -> int:
    """Return the cycles from the issue of a group's last word to its sums."""
    is_table = params.act.bits + params.weight_bits <= TABLE_BITS and not params.dsp_products
    cycles = (TABLE if is_table else MULTIPLIER) + (MEMORY if params.fold > 1 or params.window else 0)
    if params.window is not None:
        cycles += SELECT
    terms = params.simd
    while terms > 1:
        terms, cycles = ceil_div(terms, TERMS), cycles + 1
    accumulates = params.words > 1
    return cycles + accumulates


@dataclass(kw_only=True, eq=False)
class Results:
    """`tospike.hw.dataflow.results.Results`."""

    latency: int
    """Cycles from the issue of a group's last word to the offer of its first beat."""
    group_beats: int
    frame_beats: int
    departed: deque[int]
    """When the last beat of each of the latest groups left, for as many groups as the queue has places."""
    downstream: Stage
    left: int = BEFORE
    """When the last beat left."""
    beat: int = 0

    def take(self, offer: int) -> int:
        """Issue a group's last word as soon as the queue has a place, and send the group's beats."""
        issued = max(offer, self.departed[0] + CREDIT)
        ready = issued + self.latency
        for number in range(self.group_beats):
            if number and not self.beat:
                break  # the last group of a frame may have fewer beats
            self.left = self.downstream.take(max(ready + number, self.left + 1))
            self.beat = (self.beat + 1) % self.frame_beats
        self.departed.append(self.left)
        return issued


def results_of(params: DataflowDenseParams, sums: int, downstream: Link) -> Results:
    """Return the model of the results of a layer whose sums follow ``sums`` cycles after a group's last word."""
    latency = sums + (params.group_beats > 1) + (1 if params.clamp is None else REQUANTIZER) + QUEUE
    # the cycles from the issue of a group's last word until its place is free again, over the cycles per group
    places = ceil_div(latency + params.group_beats - 1 + CREDIT, params.words)
    return Results(
        latency=latency,
        group_beats=params.group_beats,
        frame_beats=params.frame_beats,
        departed=deque([BEFORE] * places, places),
        downstream=first_of(downstream),
    )


def first_of(downstream: Link) -> Stage:
    """Return the part of the next engine that takes beats."""
    return downstream.first if isinstance(downstream, DataflowLink) else Outlet(downstream=downstream)


@dataclass(kw_only=True, eq=False)
class Outlet:
    """From the last engine of beats to a link that keeps a time for each sample."""

    downstream: Link

    def take(self, offer: int) -> int:
        """Send a beat; its address does not matter to those who take beats."""
        one = np.ones(1, dtype=np.int64)
        return int(self.downstream.take_values(offer * one, one, one)[0])


@dataclass(kw_only=True, eq=False)
class Operands:
    """`tospike.hw.dataflow.operands.Operands`."""

    words: int
    groups: int
    results: Results
    issued: int = BEFORE
    """When the last word was issued."""
    released: deque[int] = field(default_factory=lambda: deque([BEFORE] * 2, 2))
    """When the last word of each of the latest two frames was issued."""
    word: int = 0

    def take(self, offer: int) -> int:
        """Issue a word directly if there is a single group; else store it and issue it for each group."""
        word, self.word = self.word, (self.word + 1) % self.words
        if self.groups == 1:
            self._issue(word, offer)
            return self.issued
        taken = offer if word else max(offer, self.released[0] + 1)
        self._issue(word, taken + 1)
        if not self.word:
            for _ in range(1, self.groups):
                self.issued = self.results.take(self.issued + self.words)  # a word per cycle
            self.released.append(self.issued)
        return taken

    def _issue(self, word: int, offer: int) -> None:
        offer = max(offer, self.issued + 1)
        self.issued = self.results.take(offer) if word == self.words - 1 else offer


@dataclass(kw_only=True, eq=False)
class Widen:
    """`tospike.hw.dataflow.resize.Widen`: a register that collects ``parts`` beats into a word."""

    beats: int
    parts: int
    downstream: Stage
    left: int = BEFORE
    """When the last word left."""
    number: int = 0
    part: int = 0

    def take(self, offer: int) -> int:
        """Take a beat; the first one of a word no earlier than the previous word leaves."""
        taken = max(offer, self.left)
        self.number = (self.number + 1) % self.beats
        self.part = (self.part + 1) % self.parts if self.number else 0
        if not self.part:
            self.left = self.downstream.take(taken + 1)
        return taken


@dataclass(kw_only=True, eq=False)
class Narrow:
    """`tospike.hw.dataflow.resize.Narrow`: a register that splits a beat into ``parts`` words."""

    words: int
    parts: int
    downstream: Stage
    left: int = BEFORE
    """When the last word left."""
    number: int = 0

    def take(self, offer: int) -> int:
        """Take a beat no earlier than the previous beat's last word leaves."""
        taken = self.left = max(offer, self.left)
        for _ in range(self.parts):
            self.left = self.downstream.take(self.left + 1)
            self.number = (self.number + 1) % self.words
            if not self.number:
                break  # the last beat of a frame may have fewer words
        return taken


@dataclass(kw_only=True, eq=False)
class DataflowLink(BeatsOnly):
    """The engine downstream of a link of beats, of which each is a VALUE."""

    first: Stage

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take ``count`` beats; all samples have the same timing."""
        if not len(offer):
            return offer
        taken = int(offer[0]) - 1
        for _ in range(int(count[0])):
            taken = self.first.take(taken + 1)
        return np.full_like(offer, taken)


def dataflow_link(params: DataflowDenseParams, run: EngineRun, received: Sample, downstream: Link) -> DataflowLink:
    """Return the timing model of a dataflow engine before its first frame."""
    results = results_of(params, sum_latency(params), downstream)
    if params.window is not None:
        windows = Windows(window=params.window, words=params.words, groups=params.groups, results=results)
        return DataflowLink(first=resized(params.input, params.window.lanes, windows))
    operands = Operands(words=params.words, groups=params.groups, results=results)
    return DataflowLink(first=resized(params.input, params.simd, operands))


def resized(fmt: BeatFormat, lanes: int, downstream: Stage) -> Stage:
    """Return the part that turns a link's beats into words of ``lanes`` values."""
    if fmt.lanes < lanes:
        return Widen(beats=fmt.beats, parts=lanes // fmt.lanes, downstream=downstream)
    if fmt.lanes > lanes:
        words = ceil_div(fmt.addresses, lanes)
        return Narrow(words=words, parts=fmt.lanes // lanes, downstream=downstream)
    return downstream


@dataclass(kw_only=True, eq=False)
class BeatSink:
    """The register of `tospike.hw.host.beats.BeatOutput`."""

    samples: int
    taken: int = 0
    """When it took the last beat."""

    @property
    def last_beat(self) -> Ints:
        """Cycle in which the host takes the last beat of each sample: the one after."""
        return np.full(self.samples, self.taken + 1, dtype=np.int64)

    def take(self, offer: int) -> int:
        """Take a beat at once."""
        self.taken = offer
        return offer
