"""Exact timing of the dataflow engine, `tospike.hw.dataflow.engine.DataflowDense`.

It depends only on when beats are offered and taken, not on the data. `tospike.sim.cycles.link` explains the method,
which is applied to the parts of the engine, too. The latencies repeat those of the circuit on purpose: model and
circuit must agree without sharing them.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tospike.hw.params import BeatFormat, DataflowDenseParams, ceil_div
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import BeatsOnly, Link
from tospike.sim.engine import EngineRun, Sample

MEMORY = 3
"""Cycles from the address of a word of inputs and weights to the word."""
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


def pipeline_latency(params: DataflowDenseParams) -> int:
    """Return the cycles from the issue of a group's last word to its first result at the queue."""
    is_table = params.act.bits + params.weight_bits <= TABLE_BITS and not params.dsp_products
    cycles = (TABLE if is_table else MULTIPLIER) + (MEMORY if params.fold > 1 else 0)
    terms = params.simd
    while terms > 1:
        terms, cycles = ceil_div(terms, TERMS), cycles + 1
    accumulates, shifts = params.words > 1, params.group_beats > 1
    return cycles + accumulates + shifts + (1 if params.clamp is None else REQUANTIZER)


class Stage(Protocol):
    """A part of the engine that takes beats or words."""

    def take(self, offer: Ints) -> Ints:
        """Return the cycle in which the next one is taken, if it is offered from cycle ``offer`` on."""


@dataclass(kw_only=True, eq=False)
class Results:
    """`tospike.hw.dataflow.results.Results`."""

    params: DataflowDenseParams
    departed: deque[Ints]
    """When the last beat of each of the latest groups left, for as many groups as the queue has places."""
    downstream: Link
    left: Ints
    """When the last beat left."""
    beat: int = 0

    def take(self, offer: Ints) -> Ints:
        """Issue a group's last word as soon as the queue has a place, and send the group's beats."""
        issued = np.maximum(offer, self.departed[0] + CREDIT)
        ready = issued + pipeline_latency(self.params) + QUEUE
        one = np.ones_like(issued)
        for number in range(self.params.group_beats):
            if number and not self.beat:
                break  # the last group of a frame may have fewer beats
            last = min((self.beat + 1) * self.params.output_lanes, self.params.outputs) - 1
            self.left = self.downstream.take_values(np.maximum(ready + number, self.left + 1), one, last * one)
            self.beat = (self.beat + 1) % self.params.output.beats
        self.departed.append(self.left)
        return issued


@dataclass(kw_only=True, eq=False)
class Operands:
    """`tospike.hw.dataflow.operands.Operands`."""

    params: DataflowDenseParams
    results: Results
    issued: Ints
    """When the last word was issued."""
    released: deque[Ints]
    """When the last word of each of the latest two frames was issued."""
    word: int = 0

    def take(self, offer: Ints) -> Ints:
        """Issue a word directly if there is a single group; else store it and issue it for each group."""
        word, self.word = self.word, (self.word + 1) % self.params.words
        if self.params.groups == 1:
            self._issue(word, offer)
            return self.issued
        taken = offer if word else np.maximum(offer, self.released[0] + 1)
        self._issue(word, taken + 1)
        if not self.word:
            for _ in range(1, self.params.groups):
                for stored in range(self.params.words):
                    self._issue(stored, offer)
            self.released.append(self.issued)
        return taken

    def _issue(self, word: int, offer: Ints) -> None:
        offer = np.maximum(offer, self.issued + 1)
        self.issued = self.results.take(offer) if word == self.params.words - 1 else offer


@dataclass(kw_only=True, eq=False)
class Widen:
    """`tospike.hw.dataflow.resize.Widen`: a register that collects ``parts`` beats into a word."""

    beats: int
    parts: int
    downstream: Stage
    left: Ints
    """When the last word left."""
    number: int = 0
    part: int = 0

    def take(self, offer: Ints) -> Ints:
        """Take a beat; the first one of a word no earlier than the previous word leaves."""
        taken = np.maximum(offer, self.left)
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
    left: Ints
    """When the last word left."""
    number: int = 0

    def take(self, offer: Ints) -> Ints:
        """Take a beat no earlier than the previous beat's last word leaves."""
        taken = self.left = np.maximum(offer, self.left)
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
    taken: Ints = field(init=False)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take ``count`` beats; all samples have the same timing."""
        for _ in range(int(count.max(initial=0))):
            self.taken = self.first.take(offer)
            offer = self.taken + 1
        return self.taken


def dataflow_link(params: DataflowDenseParams, run: EngineRun, received: Sample, downstream: Link) -> DataflowLink:
    """Return the timing model of a dataflow engine before its first frame."""
    before = np.full(len(received), -(1 << 40), dtype=np.int64)  # long ago
    # the cycles from the issue of a group's last word until its place is free again, over the cycles per group
    places = ceil_div(pipeline_latency(params) + QUEUE + params.group_beats - 1 + CREDIT, params.words)
    results = Results(params=params, departed=deque([before] * places, places), downstream=downstream, left=before)
    operands = Operands(params=params, results=results, issued=before, released=deque([before] * 2, 2))
    return DataflowLink(first=resized(params.input, params.simd, operands, before))


def resized(fmt: BeatFormat, lanes: int, downstream: Stage, before: Ints) -> Stage:
    """Return the part that turns a link's beats into words of ``lanes`` values; the last word left at ``before``."""
    if fmt.lanes < lanes:
        return Widen(beats=fmt.beats, parts=lanes // fmt.lanes, downstream=downstream, left=before)
    if fmt.lanes > lanes:
        words = ceil_div(fmt.addresses, lanes)
        return Narrow(words=words, parts=fmt.lanes // lanes, downstream=downstream, left=before)
    return downstream


@dataclass(kw_only=True, eq=False)
class BeatSink:
    """The register of `tospike.hw.host.beats.BeatOutput`."""

    last_beat: Ints
    """Cycle in which the host takes the last beat."""

    def take(self, offer: Ints) -> Ints:
        """Take a beat at once; the host takes it in the next cycle."""
        self.last_beat = offer + 1
        return offer
