"""A chain of engines behind one host port."""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tospike.hw.params.added import ADDED
from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.array import ArrayParams
from tospike.hw.params.engines.engine import EngineParams
from tospike.hw.params.host_events import HostEventParams
from tospike.hw.params.primitives import PrimitiveSet
from tospike.hw.params.stream import (
    BYTES_PER_BEAT,
    HOST_BITS,
    SPIKE,
    WORD_ADDRESS,
    WORD_BITS,
    WORD_PAYLOAD,
    BeatFormat,
    Contents,
    TokenFormat,
    WeightFormat,
)


class HostInput(StrEnum):
    """Format of the host's input stream."""

    DENSE = "dense"
    """A frame: one byte per value, four to a beat, TLAST on the last beat; sound has two bytes per value, two to a
    beat. A delta encoder and a cochlea take one frame per time step, back to back, each starting on a new beat."""
    TOKENS = "tokens"
    """Tokens of the event stream, one per beat. Only an END ends a sample; TLAST is ignored."""
    EVENTS = "events"
    """A recording: its start time, then a time stamp and an address for each event, one beat each; TLAST on the last
    beat."""


class HostOutput(StrEnum):
    """Format of the host's output stream. Outputs are numbered as in the network, see `output_numbers`."""

    DENSE = "dense"
    """A frame: one sign-extended 32-bit word per value, TLAST on the last."""
    TOKENS = "tokens"
    """Tokens of the event stream, one per beat; TLAST on END."""
    ARGMAX = "argmax"
    """For each frame, the index of its largest value, the lowest on a tie: one word, with TLAST."""
    FIRST_SPIKE = "first-spike"
    """For each spike train, the index of the first neuron to spike, the lowest on a tie, as soon as it spikes; 0 if
    none does: one word, with TLAST."""
    EARLY = "early"
    """For each spike train, the index of the neuron with the most spikes, the lowest on a tie, as soon as no later
    spike can change it: one word, with TLAST."""


HOST_SENDS = {
    HostInput.DENSE: (Contents.FRAME, Contents.SPARSE_FRAME, Contents.FRAMES, Contents.BEATS),
    HostInput.TOKENS: (Contents.TRAIN, Contents.FRAME, Contents.SPARSE_FRAME),
    HostInput.EVENTS: (Contents.TRAIN,),
}
"""The streams that each host input can feed to the first engine."""
NEEDS = {
    Contents.FRAME: "it must come first, with dense host input, or follow an engine that sends a whole frame",
    Contents.SPARSE_FRAME: "give host input dense or tokens",
    Contents.FRAMES: "it must be the first engine, with dense host input",
    Contents.TRAIN: "put an encoder before it, or give host input tokens or events",
    Contents.CHANGES: "put a delta encoder of amounts before it",
    Contents.BEATS: "it must come first, with dense host input, or follow a dataflow engine",
}
"""The remedy that an error message suggests when an engine would not receive the stream that it takes."""


@dataclass(frozen=True, kw_only=True)
class AcceleratorParams:
    """A chain of engines behind one host port."""

    name: str
    engines: tuple[EngineParams, ...]
    host_input: HostInput = HostInput.DENSE
    host_output: HostOutput = HostOutput.DENSE
    host_events: HostEventParams | None = None
    """How time stamps map to time steps; only with ``HostInput.EVENTS``."""
    decision_steps: int | None = None
    """Time steps of a spike train; only with ``HostOutput.EARLY``."""
    host_bits: int | None = None
    """Packed streams: TDATA of both has so many bits, and holds as many input values of their own width as fit, or
    sign-extended 32-bit results; only for dataflow engines. ``None``: 32 bits, see `HostInput` and `HostOutput`."""
    interrupt: bool = field(default=True, metadata=ADDED)
    """Whether there is an interrupt for answers and errors, with its registers."""
    unused_inputs: tuple[int, ...] = ()
    """Input addresses, ascending, that the encoder never receives because all their weights in the first layer are
    0."""

    def __post_init__(self) -> None:
        require(len(self.engines) >= 1, "an accelerator needs at least one engine")
        require(
            re.fullmatch(r"[A-Za-z_]\w*", self.name, re.ASCII) is not None,
            f"the name {self.name!r} must be a Verilog identifier",
        )
        for stream, host, fmt in (
            ("input", self.host_input, self.input),
            ("output", self.host_output, self.output),
        ):
            require(
                host != "tokens" or (fmt.payload.bits <= WORD_PAYLOAD[1] and fmt.address_bits <= WORD_ADDRESS[1]),
                f"{fmt.address_bits}-bit addresses with {fmt.payload.bits}-bit payloads do not fit the host's {stream} "
                f"tokens, which have {WORD_ADDRESS[1]} and {WORD_PAYLOAD[1]} bits: use dense frames",
            )
        require(
            (self.host_input is HostInput.EVENTS) == (self.host_events is not None),
            "host-input events needs an event-bin, and no other input takes one",
        )
        require(
            self.host_events is None or (self.engines[0].orders_events and self.input.payload == SPIKE),
            "the events of a step may arrive in any order: the first engine must be a delay engine of 1-bit spikes",
        )
        takes, sends = self.engines[0].takes, self.engines[-1].sends
        require(
            takes in HOST_SENDS[self.host_input],
            f"the first engine takes {takes.value}, which {self.host_input.value} host input does not send: "
            f"{NEEDS[takes]}",
        )
        require(
            not self.unused_inputs or (takes is Contents.SPARSE_FRAME and self.host_input is HostInput.DENSE),
            "unused inputs can be dropped only between dense host input and an encoder",
        )
        require(
            list(self.unused_inputs)
            == sorted({address for address in self.unused_inputs if 0 <= address < self.input.addresses}),
            f"the addresses of unused inputs must ascend, from 0 to {self.input.addresses - 1}",
        )
        streaming = sum(engine.streams_weights for engine in self.engines)
        require(streaming <= 1, f"the host has one weight stream, but {streaming} engines need one")
        require(sends is not Contents.CHANGES, f"the last engine sends {sends.value}, which the host cannot take")
        self._check_host_bits()
        frames = (Contents.FRAME, Contents.SPARSE_FRAME, Contents.BEATS)
        require(
            self.host_output is not HostOutput.ARGMAX or sends in frames,
            "argmax needs a frame of values: give the last layer the readout count or membrane, not spikes",
        )
        require(
            self.host_output not in (HostOutput.FIRST_SPIKE, HostOutput.EARLY) or sends is Contents.TRAIN,
            f"{self.host_output} needs spikes: give the last layer the readout spikes",
        )
        require(
            (self.host_output is HostOutput.EARLY) == (self.decision_steps is not None),
            "host-output early needs the number of time steps, and no other output takes one",
        )
        if self.decision_steps is not None:
            require_range("steps", self.decision_steps, 1, 1 << 12)
            require(self.output.addresses > 1, "host-output early needs at least 2 neurons to decide between")
        for index, (before, after) in enumerate(zip(self.engines, self.engines[1:], strict=False)):
            require(
                before.output == after.input,
                f"engine {index} sends {before.output} but engine {index + 1} takes {after.input}",
            )
            require(
                before.sends is after.takes,
                f"engine {index} sends {before.sends.value}, but engine {index + 1} takes {after.takes.value}: "
                f"{NEEDS[after.takes]}",
            )

    def _check_host_bits(self) -> None:
        require(
            self.host_bits is None or isinstance(self.input, BeatFormat),
            "only dataflow engines have packed host streams: leave --host-bits out, or give --engine dataflow",
        )
        require(
            self.host_bits is None or self.host_bits in HOST_BITS,
            f"host-bits must be {', '.join(map(str, HOST_BITS))}, not {self.host_bits}",
        )
        if not isinstance(self.input, BeatFormat):
            return
        require(
            self.host_bits is not None or self.input.lanes == BYTES_PER_BEAT,
            f"the first engine must have {BYTES_PER_BEAT} input lanes, one for each byte of a beat of dense host input",
        )
        require(
            self.input.lanes * self.input_field_bits <= self.input_beat_bits,
            f"{self.input.lanes} values of {self.input_field_bits} bits do not fit a beat of {self.input_beat_bits}",
        )

    @property
    def arrays(self) -> tuple[ArrayParams, ...]:
        """The multiply-accumulate arrays of all engines."""
        return tuple(array for engine in self.engines for array in engine.arrays)

    @property
    def primitive_sets(self) -> tuple[PrimitiveSet, ...]:
        """What the multipliers of all engines are built from."""
        return tuple(primitives for engine in self.engines for primitives in engine.primitive_sets)

    def with_primitives(self, primitives: PrimitiveSet) -> "AcceleratorParams":
        """Return this accelerator with its arrays built from other primitives."""
        return replace(self, engines=tuple(engine.with_primitives(primitives) for engine in self.engines))

    @property
    def is_counted(self) -> bool:
        """Whether it has performance counters besides that of the cycles."""
        return any(engine.is_counted for engine in self.engines)

    def without_extras(self) -> "AcceleratorParams":
        """Return this accelerator without performance counters and interrupt: what energy and search charge, because
        no network needs either."""
        return replace(self.without_counters(), interrupt=False)

    def without_counters(self) -> "AcceleratorParams":
        """Return this accelerator without performance counters, but that of the cycles."""
        return replace(self, engines=tuple(engine.without_counters() for engine in self.engines))

    def with_clock_gating(self, gated: bool) -> "AcceleratorParams":
        """Return this accelerator with or without clock gating in the engines whose clock can stop."""
        return replace(self, engines=tuple(engine.with_clock_gating(gated) for engine in self.engines))

    @property
    def input(self) -> TokenFormat:
        """Token format of the first engine's input."""
        return self.engines[0].input

    @property
    def input_frames(self) -> int:
        """Frames per sample, with ``HostInput.DENSE``."""
        return self.engines[0].frames

    @property
    def input_ticks(self) -> int | None:
        """TICKs of a sample that arrives as tokens; ``None`` allows any number."""
        return self.decision_steps if self.engines[0].takes is Contents.TRAIN else 0

    @property
    def output(self) -> TokenFormat:
        """Token format of the last engine's output."""
        return self.engines[-1].output

    @property
    def streaming_engine(self) -> int | None:
        """Index of the engine whose weights the host streams in, if there is one."""
        return next((index for index, engine in enumerate(self.engines) if engine.streams_weights), None)

    @property
    def weight_stream(self) -> WeightFormat | None:
        """Format of these weights."""
        return None if self.streaming_engine is None else self.engines[self.streaming_engine].weight_stream

    @property
    def output_image(self) -> tuple[int, int, int] | None:
        """(channels, height, width) of the feature map sent to the host position by position, see `EngineParams`."""
        return self.engines[-1].output_image

    @property
    def output_numbers(self) -> tuple[int, ...]:
        """The network's index of each output address: channel by channel, row by row."""
        if self.output_image is None:
            return tuple(range(self.output.addresses))
        channels, height, width = self.output_image
        positions = height * width
        return tuple(channel * positions + position for position in range(positions) for channel in range(channels))

    @property
    def input_field_bits(self) -> int:
        """Bits that a value of dense host input has in a beat."""
        return self.engines[0].field_bits if self.host_bits is None else self.input.payload.bits

    @property
    def input_beat_bits(self) -> int:
        """TDATA width of the host's input."""
        return self.host_bits or WORD_BITS

    @property
    def packed_output(self) -> BeatFormat | None:
        """The results side by side in each beat of the host's output, 32 bits apart; ``None`` for a word per beat."""
        if (
            self.host_bits is None
            or self.host_output is not HostOutput.DENSE
            or not isinstance(self.output, BeatFormat)
        ):
            return None
        return self.output.resized(self.host_bits // WORD_BITS)

    @property
    def output_beat_bits(self) -> int:
        """TDATA width of the host's output."""
        return WORD_BITS if self.packed_output is None else self.input_beat_bits

    @property
    def output_words(self) -> int:
        """Words per result that the host receives."""
        return 1 if self.sends_class else self.output.addresses

    @property
    def sends_class(self) -> bool:
        """Whether the host receives the class alone."""
        return self.host_output in (HostOutput.ARGMAX, HostOutput.FIRST_SPIKE, HostOutput.EARLY)
