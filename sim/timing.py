"""Exact cycle counts of a spiking accelerator: see `tospike.sim.link` for the method."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import (
    AcceleratorParams,
    DelayParams,
    DeltaParams,
    EncoderParams,
    EventParams,
    HostInput,
    HostOutput,
    SpikingEngine,
    require,
)
from tospike.sim.arithmetic import Ints
from tospike.sim.delay import DelayRun
from tospike.sim.delay_timing import DelayLink
from tospike.sim.delta_timing import send_changes
from tospike.sim.early import deciding_steps
from tospike.sim.encoder import EncoderRun
from tospike.sim.event import EventRun
from tospike.sim.event_timing import event_engine_link, sweeps_left
from tospike.sim.host_timing import encode_frames, send_events, send_tokens
from tospike.sim.link import (
    DenseSink,
    EarlySink,
    FirstSpikeOfImageSink,
    FirstSpikeSink,
    Link,
    TokenSink,
    dense_sink,
)
from tospike.sim.output_order import as_network
from tospike.sim.register_timing import RegisterLink
from tospike.sim.window_timing import DECODE, WindowLink, spent_cycles


def chain_cycles(
    params: AcceleratorParams,
    inputs: NDArray[np.integer],
    encoder: EncoderRun | None,
    engines: Sequence[EventRun | DelayRun],
) -> Ints:
    """Cycles of each sample, as ``docs/architecture.md`` defines them.

    Parameters
    ----------
    params
        A chain of an encoder behind dense host input, or none behind host tokens, then event engines with delays before
        them.
    inputs
        (N, inputs) frames for the encoder, or (N, steps, inputs), else (N, steps, inputs) spike trains.
    encoder
        What the encoder does, or ``None``.
    engines
        What each of the others does, in order.

    Raises
    ------
    InputError
        The chain has another shape.
    """
    first, *others = params.engines
    chain = (first, *others) if encoder is None else tuple(others)
    require(
        isinstance(first, EncoderParams | DeltaParams) == (encoder is not None)
        and (params.host_input is HostInput.DENSE) == (encoder is not None)
        and len(chain) == len(engines)
        and all(isinstance(engine, EventParams | DelayParams) for engine in chain),
        "cycles are modelled for dense frames into an encoder, or tokens into an event engine, then event engines, "
        "with delays before them",
    )
    samples = len(inputs)
    zeros = np.zeros(samples, dtype=np.int64)
    sink: DenseSink | TokenSink | FirstSpikeSink | FirstSpikeOfImageSink | EarlySink = TokenSink(last_beat=zeros)
    if params.host_output is HostOutput.FIRST_SPIKE:
        sink = FirstSpikeSink(last_beat=zeros - 1)
        if params.output_image is not None:
            sink = FirstSpikeOfImageSink(last_beat=zeros - 1, some=zeros > 0)
    elif params.decision_steps is not None:
        last = engines[-1]
        assert isinstance(last, EventRun)
        deciding = deciding_steps(as_network(params, last.spikes), params.output.payload.max)
        sink = EarlySink(deciding=deciding, last_beat=zeros, latency=3 + (params.output_image is not None))
    elif params.host_output is not HostOutput.TOKENS:
        sink = dense_sink(params, samples)
    link: Link = sink
    given = [inputs if encoder is None else encoder.trains]
    given += [run.trains if isinstance(run, DelayRun) else run.spikes for run in engines[:-1]]
    for engine, run, trains in zip(reversed(chain), reversed(engines), reversed(given), strict=True):
        if isinstance(engine, DelayParams):
            assert isinstance(run, DelayRun)
            link = DelayLink(params=engine, run=run, behind=link, ready=zeros, read=zeros - 1, sent=zeros - 1)
            continue
        assert isinstance(engine, EventParams) and isinstance(run, EventRun)
        if engine.engine is SpikingEngine.REGISTER:
            link = RegisterLink(
                params=engine,
                run=run,
                behind=link,
                ready=zeros,
                sent=zeros - 1,
                own_sent=zeros - 1,
                left=sweeps_left(engine, zeros),
            )
            continue
        link = event_link = event_engine_link(engine, run, link, samples)
        if engine.window is not None:
            spent = spent_cycles(engine, trains)
            link = WindowLink(engine=event_link, spent=spent, seen=zeros, left=np.tile(zeros - 1, (DECODE, 1)))
    if params.host_events is not None:
        send_events(inputs, link)
    elif isinstance(first, EncoderParams) and encoder is not None:
        encode_frames(first, inputs, encoder.trains, link)
    elif encoder is not None:
        send_changes(encoder.trains, link)
    else:
        send_tokens(inputs, link)
    return sink.last_beat + 1
