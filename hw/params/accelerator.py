"""A chain of engines behind one host port."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.array import ArrayParams
from tospike.hw.params.engines.engine import EngineParams
from tospike.hw.params.engines.event_ann import AnnLayerParams
from tospike.hw.params.engines.systolic import SystolicParams
from tospike.hw.params.host_events import HostEventParams
from tospike.hw.params.primitives import PrimitiveSet
from tospike.hw.params.stream import SPIKE, WORD_ADDRESS, WORD_PAYLOAD, Contents, TokenFormat


class HostInput(StrEnum):
    """What the host's input stream carries."""

    DENSE = "dense"
    """A frame: one byte per value, four to a beat, TLAST on the last beat. Before a delta encoder a frame for each
    step, one after another, each beginning with a beat."""
    TOKENS = "tokens"
    """Tokens of the event stream, one to a beat; only an END ends a sample, TLAST is ignored."""
    EVENTS = "events"
    """Recordings: the time at which they begin, then a time stamp and an address for each event, a beat each; TLAST on
    the last beat."""


class HostOutput(StrEnum):
    """What the host's output stream carries. An output's number is that of the network, `output_numbers`."""

    DENSE = "dense"
    """A frame: one sign-extended 32-bit word per value, TLAST on the last."""
    TOKENS = "tokens"
    """Tokens of the event stream, one to a beat; TLAST on END."""
    ARGMAX = "argmax"
    """For each frame the number of its largest value, of equals the lowest: one word, with TLAST."""
    FIRST_SPIKE = "first-spike"
    """For each spike train the number of its first spike, of several in a step the lowest, as soon as it comes; 0 if
    there is none: one word, with TLAST."""
    EARLY = "early"
    """For each spike train the number with the most spikes, of equals the lowest, as soon as that cannot change any
    more: one word, with TLAST."""


HOST_SENDS = {
    HostInput.DENSE: (Contents.FRAME, Contents.SPARSE_FRAME, Contents.FRAMES),
    HostInput.TOKENS: (Contents.TRAIN, Contents.FRAME, Contents.SPARSE_FRAME),
    HostInput.EVENTS: (Contents.TRAIN,),
}
"""What the first engine can get from each."""
NEEDS = {
    Contents.FRAME: "it must be the first engine, behind dense host input, or behind one that sends a whole frame",
    Contents.SPARSE_FRAME: "give host input dense or tokens",
    Contents.FRAMES: "it must be the first engine, behind dense host input",
    Contents.TRAIN: "put an encoder before it, or give host input tokens or events",
    Contents.CHANGES: "put a delta encoder of amounts before it",
}
"""The way out, where an engine does not get what it takes."""


@dataclass(frozen=True, kw_only=True)
class AcceleratorParams:
    """A chain of engines behind one host port."""

    name: str
    engines: tuple[EngineParams, ...]
    host_input: HostInput = HostInput.DENSE
    host_output: HostOutput = HostOutput.DENSE
    host_events: HostEventParams | None = None
    """What time stamps are, with ``HostInput.EVENTS``."""
    decision_steps: int | None = None
    """TICKs of a spike train, with ``HostOutput.EARLY``."""
    unread: tuple[int, ...] = ()
    """Addresses, ascending, whose values an encoder need not get, because the first layer has no weight for them."""

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
            "host-input events needs a time bin, and no other input takes one",
        )
        require(
            self.host_events is None or (self.engines[0].orders_events and self.input.payload == SPIKE),
            "events come to a step in any order: the first engine must be a delay engine of single spikes",
        )
        takes, sends = self.engines[0].takes, self.engines[-1].sends
        require(
            takes in HOST_SENDS[self.host_input],
            f"the first engine takes {takes.value}, which is not what {self.host_input.value} host input sends: "
            f"{NEEDS[takes]}",
        )
        require(
            not self.unread or (takes is Contents.SPARSE_FRAME and self.host_input is HostInput.DENSE),
            "values that nothing reads can be left out only behind dense host input, before an encoder",
        )
        require(
            list(self.unread) == sorted({address for address in self.unread if 0 <= address < self.input.addresses}),
            f"the addresses that nothing reads must ascend, from 0 to {self.input.addresses - 1}",
        )
        streaming = sum(engine.streams_weights for engine in self.engines)
        require(streaming <= 1, f"the host has one stream of weights, but {streaming} engines want one")
        require(sends is not Contents.CHANGES, f"the last engine sends {sends.value}, which no host takes")
        require(
            self.host_output is not HostOutput.ARGMAX or sends in (Contents.FRAME, Contents.SPARSE_FRAME),
            "argmax needs a frame of values: give the last layer the readout count or membrane, not spikes",
        )
        require(
            self.host_output not in (HostOutput.FIRST_SPIKE, HostOutput.EARLY) or sends is Contents.TRAIN,
            f"{self.host_output} needs spikes: give the last layer the readout spikes",
        )
        require(
            (self.host_output is HostOutput.EARLY) == (self.decision_steps is not None),
            "host-output early needs the number of steps, and no other output takes one",
        )
        if self.decision_steps is not None:
            require_range("steps", self.decision_steps, 1, 1 << 12)
            require(self.output.addresses > 1, "host-output early has to decide between at least 2 neurons")
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

    @property
    def arrays(self) -> tuple[ArrayParams, ...]:
        """The arrays of all engines."""
        return tuple(array for engine in self.engines for array in engine.arrays)

    def made_of(self, primitives: PrimitiveSet) -> "AcceleratorParams":
        """The same accelerator, its arrays of other cells."""
        return replace(self, engines=tuple(engine.made_of(primitives) for engine in self.engines))

    @property
    def input(self) -> TokenFormat:
        """Tokens of the first engine."""
        return self.engines[0].input

    @property
    def input_frames(self) -> int:
        """Frames of a sample, with ``HostInput.DENSE``."""
        return self.engines[0].frames

    @property
    def input_ticks(self) -> int | None:
        """TICKs of a sample that comes as tokens; None is any number."""
        return self.decision_steps if self.engines[0].takes is Contents.TRAIN else 0

    @property
    def output(self) -> TokenFormat:
        """Tokens of the last engine."""
        return self.engines[-1].output

    @property
    def has_event_ann(self) -> bool:
        """Whether event engines run the layers of an ANN, with changes or without."""
        return any(isinstance(engine, AnnLayerParams) for engine in self.engines)

    @property
    def weight_stream(self) -> SystolicParams | None:
        """The engine whose weights the host streams in, if one does."""
        streamed = (engine for engine in self.engines if isinstance(engine, SystolicParams) and engine.streams_weights)
        return next(streamed, None)

    @property
    def output_image(self) -> tuple[int, int, int] | None:
        """(channels, height, width) of the image that the host gets position by position, see `EngineParams`."""
        return self.engines[-1].output_image

    @property
    def output_numbers(self) -> tuple[int, ...]:
        """What the network calls the output of each address: channel by channel, row by row."""
        if self.output_image is None:
            return tuple(range(self.output.addresses))
        channels, height, width = self.output_image
        positions = height * width
        return tuple(channel * positions + position for position in range(positions) for channel in range(channels))

    @property
    def output_words(self) -> int:
        """Words of a frame that the host gets."""
        return 1 if self.sends_class else self.output.addresses

    @property
    def sends_class(self) -> bool:
        """Whether the host gets the class and nothing else."""
        return self.host_output in (HostOutput.ARGMAX, HostOutput.FIRST_SPIKE, HostOutput.EARLY)
