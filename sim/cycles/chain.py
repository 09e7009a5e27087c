"""Exact cycle counts of a chain of engines: see `tospike.sim.cycles.link` for the method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tospike.hw.params import AcceleratorParams, BeatFormat, HostOutput
from tospike.sim.arithmetic import Ints
from tospike.sim.compiled.links import CompiledLink, compiled
from tospike.sim.cycles.front import SleepingFrontLink
from tospike.sim.cycles.host import send
from tospike.sim.cycles.link import (
    DenseSink,
    EarlySink,
    FirstSpikeOfImageSink,
    FirstSpikeSink,
    Link,
    TokenSink,
    UnpackLink,
    dense_sink,
)
from tospike.sim.dataflow.timing import BeatSink, DataflowLink, resized
from tospike.sim.early import deciding_steps
from tospike.sim.engine import EngineRun, Sample
from tospike.sim.models import MODELS
from tospike.sim.network.output_order import as_network
from tospike.sim.spiking.golden import EventRun

ARGMAX_COMPARE = 1
"""Cycles from a frame's last word to the index of its largest value."""

Sink = DenseSink | TokenSink | FirstSpikeSink | FirstSpikeOfImageSink | EarlySink | CompiledLink


def chain_cycles(params: AcceleratorParams, sample: Sample, runs: Sequence[EngineRun]) -> Ints:
    """Return the (N,) cycles of each sample, as ``docs/explanation/architecture.md`` defines them.

    Parameters
    ----------
    params
        The chain.
    sample
        (N, steps, inputs) payloads that the host sends; a frame has one step.
    runs
        The results of each engine, in order.
    """
    return chain_times(params, sample, runs).cycles


@dataclass(frozen=True, kw_only=True, eq=False)
class ChainTimes:
    """How long N samples take, each alone."""

    cycles: Ints
    """(N,): see ``docs/explanation/architecture.md``."""
    awake: Mapping[int, Ints]
    """By the numbers of the engines that sleep: (N,) of these cycles, those in which their clock runs."""


def chain_times(params: AcceleratorParams, sample: Sample, runs: Sequence[EngineRun]) -> ChainTimes:
    """Return how long each sample takes; arguments as of `chain_cycles`."""
    chain = chain_links(params, sample, runs)
    if isinstance(chain.first, CompiledLink):
        chain.first.send(params, sample)
    else:
        send(params, sample, chain.first)
    cycles = answered(params, chain.sink)
    awake = {
        number: link.awake(cycles)
        for number, (engine, link) in enumerate(zip(params.engines, chain.engines, strict=True))
        if engine.sleeps and isinstance(link, SleepingFrontLink | CompiledLink)
    }
    return ChainTimes(cycles=cycles, awake=awake)


@dataclass(frozen=True, kw_only=True, eq=False)
class Chain:
    """The timing models of a chain."""

    sink: Sink | BeatSink
    """Of the host's output."""
    engines: Sequence[Link]
    """Of the engines, in order."""

    @property
    def first(self) -> Link:
        """The link to the first engine."""
        return self.engines[0]


def chain_links(
    params: AcceleratorParams, sample: Sample, runs: Sequence[EngineRun], *, compiles: bool = True
) -> Chain:
    """Return the timing models of a chain before the first sample.

    With ``compiles``, compiled code takes the place of Python where it can.
    """
    sink, link = _output(params, runs[-1], compiles=compiles)
    inputs = (sample, *(run.sent for run in runs[:-1]))
    engines: list[Link] = []
    for engine, run, received in reversed(list(zip(params.engines, runs, inputs, strict=True))):
        made = MODELS[type(engine)].link(engine, run, received, link)
        # only what is compiled itself can be downstream of compiled code: other chains need no compiler
        link = compiled(made) if isinstance(link, CompiledLink) else made
        engines.insert(0, link)
    return Chain(sink=sink, engines=engines)


def answered(params: AcceleratorParams, sink: Sink | BeatSink) -> Ints:
    """Return the cycle after that in which the host takes the latest answer."""
    return sink.last_beat + 1 + (params.host_output is HostOutput.ARGMAX) * ARGMAX_COMPARE


def _output(params: AcceleratorParams, last: EngineRun, *, compiles: bool) -> tuple[Sink | BeatSink, Link]:
    """Return the timing model of the host's output before the first sample, and the link to it."""
    before = np.zeros(len(last.sent), dtype=np.int64)
    if params.packed_output is not None and isinstance(params.output, BeatFormat):
        register = BeatSink(samples=len(last.sent))
        return register, DataflowLink(first=resized(params.output, params.packed_output.lanes, register))
    sink = _sink(params, last)
    if isinstance(params.output, BeatFormat):
        return sink, UnpackLink(format=params.output, downstream=sink, free=before)
    # of no other engine is there compiled timing
    link = compiled(sink) if compiles and isinstance(last, EventRun) else sink
    return (link if isinstance(link, CompiledLink) else sink), link


def _sink(params: AcceleratorParams, last: EngineRun) -> Sink:
    """Return the timing model of the host's output before the first sample."""
    samples = len(last.sent)
    zeros = np.zeros(samples, dtype=np.int64)
    of_image = params.output_image is not None
    if params.decision_steps is not None:
        deciding = deciding_steps(as_network(params, last.sent), params.output.payload.max)
        return EarlySink(deciding=deciding, last_beat=zeros, addresses=params.output.addresses, renumbers=of_image)
    if params.host_output is HostOutput.FIRST_SPIKE and of_image:
        return FirstSpikeOfImageSink(last_beat=zeros - 1, spiked=zeros > 0)
    if params.host_output is HostOutput.FIRST_SPIKE:
        return FirstSpikeSink(last_beat=zeros - 1)
    if params.host_output is HostOutput.TOKENS:
        return TokenSink(last_beat=zeros)
    return dense_sink(params, samples)
