"""Exact times of the dataflow engine: `tospike.hw.dataflow.engine.DataflowDense`.

They depend on nothing but when beats are offered and taken. Each part of the engine is told when a beat or a word is
offered, and answers when it is taken; by then it has passed on what follows from it, see `tospike.sim.cycles.link`. The
latencies stand here a second time on purpose: model and circuit must agree without sharing them.
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
"""From the address of a word of inputs and weights to the word."""
MULTIPLIER = 3
"""From operands to their product."""
TERMS = 4
"""Terms that an adder of the tree takes; it has a register."""
REQUANTIZER = 9
"""From a sum to the result; without requantisation, the bias takes 1."""
QUEUE = 2
"""From a result to its beat being offered."""
CREDIT = 2
"""From a group's last beat being taken until the last word of another one may be issued in its place."""


def pipeline(params: DataflowDenseParams) -> int:
    """Return the cycles from the issue of a group's last word to its first result at the queue."""
    cycles = MULTIPLIER + (MEMORY if params.fold > 1 else 0)
    terms = params.simd
    while terms > 1:
        terms, cycles = ceil_div(terms, TERMS), cycles + 1
    accumulates, shifts = params.words > 1, params.group_beats > 1
    return cycles + accumulates + shifts + (1 if params.clamp is None else REQUANTIZER)


class Stage(Protocol):
    """A part of the engine that takes beats or words."""

    def take(self, offer: Ints) -> Ints:
        """When the next one is taken, if it is offered from cycle ``offer`` on."""


@dataclass(kw_only=True, eq=False)
class Results:
    """`tospike.hw.dataflow.results.Results`."""

    params: DataflowDenseParams
    departed: deque[Ints]
    """When the last beats of the latest groups left, as many as have a place in the queue."""
    downstream: Link
    left: Ints
    """When the last beat left."""
    beat: int = 0

    def take(self, offer: Ints) -> Ints:
        """Issue a group's last word; its beats follow."""
        issued = np.maximum(offer, self.departed[0] + CREDIT)
        ready = issued + pipeline(self.params) + QUEUE
        one = np.ones_like(issued)
        for number in range(self.params.group_beats):
            if number and not self.beat:
                break  # the last group of a frame may have fewer
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
    """When the last word of the latest two frames was issued."""
    word: int = 0

    def take(self, offer: Ints) -> Ints:
        """A single group's words are taken as they are issued; those of several are stored before."""
        word, self.word = self.word, (self.word + 1) % self.params.words
        if self.params.groups == 1:
            self._issue(word, offer)
            return self.issued
        taken = offer if word else np.maximum(offer, self.released[0] + 1)
        self._issue(word, taken + 1)
        if not self.word:
            for _ in range(1, self.params.groups):
                for again in range(self.params.words):
                    self._issue(again, offer)
            self.released.append(self.issued)
        return taken

    def _issue(self, word: int, offer: Ints) -> None:
        offer = np.maximum(offer, self.issued + 1)
        self.issued = self.results.take(offer) if word == self.params.words - 1 else offer


@dataclass(kw_only=True, eq=False)
class Widen:
    """`tospike.hw.dataflow.resize.Widen`: a register that takes part by part."""

    beats: int
    parts: int
    downstream: Stage
    left: Ints
    """When the last word left."""
    number: int = 0
    part: int = 0

    def take(self, offer: Ints) -> Ints:
        """Its first beat in the cycle in which the word before leaves, or later."""
        taken = np.maximum(offer, self.left)
        self.number = (self.number + 1) % self.beats
        self.part = (self.part + 1) % self.parts if self.number else 0
        if not self.part:
            self.left = self.downstream.take(taken + 1)
        return taken


@dataclass(kw_only=True, eq=False)
class Narrow:
    """`tospike.hw.dataflow.resize.Narrow`: a register that gives away part by part."""

    words: int
    parts: int
    downstream: Stage
    left: Ints
    """When the last word left."""
    number: int = 0

    def take(self, offer: Ints) -> Ints:
        """In the cycle in which the last word of the beat before leaves, or later."""
        taken = self.left = np.maximum(offer, self.left)
        for _ in range(self.parts):
            self.left = self.downstream.take(self.left + 1)
            self.number = (self.number + 1) % self.words
            if not self.number:
                break  # the last beat of a frame may have fewer
        return taken


@dataclass(kw_only=True, eq=False)
class DataflowLink(BeatsOnly):
    """The engine downstream of a link of beats, each of them a VALUE."""

    first: Stage
    taken: Ints = field(init=False)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """So many beats; the times of all samples are alike."""
        for _ in range(int(count.max(initial=0))):
            self.taken = self.first.take(offer)
            offer = self.taken + 1
        return self.taken


def dataflow_link(params: DataflowDenseParams, run: EngineRun, came: Sample, downstream: Link) -> DataflowLink:
    """Return an engine before its first frame."""
    before = np.full(len(came), -(1 << 40), dtype=np.int64)  # long ago
    # from the issue of a group's last word until its place is free again, one group per so many words
    places = ceil_div(pipeline(params) + QUEUE + params.group_beats - 1 + CREDIT, params.words)
    results = Results(params=params, departed=deque([before] * places, places), downstream=downstream, left=before)
    operands = Operands(params=params, results=results, issued=before, released=deque([before] * 2, 2))
    return DataflowLink(first=resized(params.input, params.simd, operands, before))


def resized(fmt: BeatFormat, lanes: int, downstream: Stage, before: Ints) -> Stage:
    """Return what makes words of ``lanes`` out of a link's beats; the last one left at ``before``."""
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
    """When the host takes the last beat."""

    def take(self, offer: Ints) -> Ints:
        """At once, and on to the host in the next cycle."""
        self.last_beat = offer + 1
        return offer
