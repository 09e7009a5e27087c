"""Links of a chain as compiled code: `tospike.sim.cycles.link` explains the method, the headers have the equations."""

import ctypes
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from tospike.hw.params import LIST_SETTLE, AcceleratorParams, Contents, HostInput, Readout
from tospike.sim.arithmetic import Ints
from tospike.sim.compiled.library import Library, flags, library
from tospike.sim.cycles.front import FrontLink, SleepingFrontLink
from tospike.sim.cycles.link import (
    DenseSink,
    EarlySink,
    FirstSpikeOfImageSink,
    FirstSpikeSink,
    Link,
    TokenSink,
)
from tospike.sim.encoders.delay_timing import TAKEN_TO_READ, DelayLink
from tospike.sim.encoders.encoder_timing import LEAST_ENTRIES, EncoderLink
from tospike.sim.engine import Sample
from tospike.sim.spiking.timing import SENT, EventLink


class CompiledLink:
    """A compiled link and all links downstream of it; itself a `Link`, so that an uncompiled engine may feed it."""

    def __init__(self, functions: Library, samples: int, function: str, *args: Any):
        self._functions, self._samples = functions, samples
        self._kept = args  # the compiled code has pointers to them
        given = (arg.stage if isinstance(arg, CompiledLink) else arg for arg in args)
        self.stage: ctypes.c_void_p = functions.make(function, *given)
        weakref.finalize(self, functions.call, "free_stage", self.stage)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take VALUEs: see `Link`."""
        return self._take("take_values", offer, count, last_address)

    def take_tick(self, offer: Ints) -> Ints:
        """Take a TICK: see `Link`."""
        return self._take("take_tick", offer)

    def take_end(self, offer: Ints) -> Ints:
        """Take an END: see `Link`."""
        return self._take("take_end", offer)

    def send(self, params: AcceleratorParams, sample: Sample, *, follows: bool = False) -> None:
        """Send (N, steps, inputs) samples as the host does: see `tospike.sim.cycles.host.send`.

        Each sample is alone, or with ``follows`` behind the one before it, without a gap.
        """
        _, steps, inputs = sample.shape
        given = self.stage, follows, flags(sample)
        if params.host_input is HostInput.EVENTS:
            self._functions.call("send_recordings", *given, steps, inputs)
        elif params.host_input is HostInput.TOKENS:
            ticks = int(params.engines[0].takes is Contents.TRAIN)
            self._functions.call("send_token_trains", *given, steps, inputs, ticks)
        else:
            assert params.engines[0].takes is Contents.SPARSE_FRAME  # all that compiled engines take
            self._functions.call("send_sparse_frames", *given, inputs)

    @property
    def last_beat(self) -> Ints:
        """Of a sink: the cycle in which the host takes the last beat."""
        return self._take("last_beats")

    def awake(self, cycles: Ints) -> Ints:
        """Of an event engine that sleeps: see `SleepingFrontLink.awake`."""
        return self._take("awake_cycles", cycles)

    def _take(self, function: str, *args: Ints) -> Ints:
        taken = np.empty(self._samples, dtype=np.int64)
        given = (np.ascontiguousarray(arg, dtype=np.int64) for arg in args)
        self._functions.call(function, self.stage, *given, taken)
        return taken


def compiled(link: Link) -> Link:
    """Return ``link``, before its first sample, as compiled code if that exists for it and all links downstream of it;
    else ``link`` itself."""
    function = _COMPILED.get(type(link))
    functions = library() if function else None
    if function is None or functions is None:
        return link
    return function(functions, link) or link


# ------------------------------------------------------------------------- what makes each class's compiled link


def _dense_sink(functions: Library, link: DenseSink) -> CompiledLink:
    return CompiledLink(functions, len(link.done), "dense_sink", len(link.done), link.addresses)


def _token_sink(functions: Library, link: TokenSink) -> CompiledLink:
    return CompiledLink(functions, len(link.last_beat), "token_sink", len(link.last_beat))


def _first_spike_sink(functions: Library, link: FirstSpikeSink) -> CompiledLink:
    return CompiledLink(functions, len(link.last_beat), "first_spike_sink", len(link.last_beat))


def _first_spike_of_image_sink(functions: Library, link: FirstSpikeOfImageSink) -> CompiledLink:
    return CompiledLink(functions, len(link.last_beat), "first_spike_of_image_sink", len(link.last_beat))


def _early_sink(functions: Library, link: EarlySink) -> CompiledLink:
    deciding = np.ascontiguousarray(link.deciding, dtype=np.int64)
    fields = len(deciding), deciding, link.latency, link.addresses, link.renumbers
    return CompiledLink(functions, len(deciding), "early_sink", *fields)


def _event_engine(functions: Library, front: FrontLink) -> CompiledLink | None:
    engine = front.engine
    if type(engine) is not EventLink or not isinstance(engine.downstream, CompiledLink):
        return None
    params, run, spent = engine.params, engine.run, engine.spent
    samples, steps, neurons = run.spikes.shape
    fields = {
        "readout": (Readout.SPIKES, Readout.COUNT, Readout.MEMBRANE).index(params.readout),
        "neurons": neurons,
        "words": params.words,
        "lanes": params.lanes,
        "channels": params.channels,
        "position_words": params.position_words,
        "to_offer": engine.to_offer,
        "sent": SENT,
        "update_return": params.update_return,
        "list_settle": LIST_SETTLE,
        "in_flight": len(engine.departed),
        "lists_words": params.lists_words,
        "recurrent": params.recurrent,
        "front_tokens": len(front.departed),
        "front_latency": front.latency,
        "settle": params.settle,
    }
    arrays = (flags(run.spikes), flags(run.updated), flags(run.outputs), spent)
    stride = 0 if spent is None else spent.shape[1]
    return CompiledLink(functions, samples, "event_engine", engine.downstream, _struct(fields), steps, *arrays, stride)


def _encoder(functions: Library, link: EncoderLink) -> CompiledLink | None:
    if not isinstance(link.downstream, CompiledLink):
        return None
    samples, steps, inputs = link.trains.shape
    fields = {
        "inputs": inputs,
        "steps": steps,
        "sends_all": link.params.encoding.code.sends_all,
        "keeps": link.params.encoding.code.keeps,
        "has_state": link.params.state_bits > 0,
        "least_entries": LEAST_ENTRIES,
    }
    trains = flags(link.trains[:, :1] if link.trains.strides[1] == 0 else link.trains)
    strides = trains.shape[1] * inputs, inputs if trains.shape[1] == steps else 0
    return CompiledLink(
        functions, samples, "encoder", link.downstream, _struct(fields), flags(link.frames), trains, *strides
    )


def _delay(functions: Library, link: DelayLink) -> CompiledLink | None:
    if not isinstance(link.downstream, CompiledLink):
        return None
    samples, steps, inputs = link.run.sent.shape
    arrays = np.ascontiguousarray(link.run.dropping), flags(link.run.sent)
    return CompiledLink(functions, samples, "delay", link.downstream, inputs, TAKEN_TO_READ, *arrays, steps)


def _struct(fields: dict[str, int]) -> Ints:
    return np.array([int(value) for value in fields.values()], dtype=np.int64)


_COMPILED: dict[type[Any], Callable[[Library, Any], CompiledLink | None]] = {
    DenseSink: _dense_sink,
    TokenSink: _token_sink,
    FirstSpikeSink: _first_spike_sink,
    FirstSpikeOfImageSink: _first_spike_of_image_sink,
    EarlySink: _early_sink,
    FrontLink: _event_engine,
    SleepingFrontLink: _event_engine,
    EncoderLink: _encoder,
    DelayLink: _delay,
}
