"""The register map, defined once: hardware, C header and documentation are generated from it.

Plain Python, no Amaranth.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tospike.hw.host.layout import ADDRESS_BITS, MAGIC, Register, StreamRegister, counter_names
from tospike.hw.layout import INDEX_BITS, REGION_BITS
from tospike.hw.params import WORD_BITS, AcceleratorParams, require


class Access(StrEnum):
    """Permitted access; any other is answered with SLVERR."""

    READ = "ro"
    WRITE = "wo"
    READ_WRITE = "rw"
    CLEAR = "w1c"
    """Reads; writing a 1 to a bit clears it."""

    @property
    def reads(self) -> bool:
        """Whether it may be read."""
        return self is not Access.WRITE

    @property
    def writes(self) -> bool:
        """Whether it may be written."""
        return self is not Access.READ


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a register. Bits outside fields read as 0 and are ignored on writes."""

    name: str
    low: int
    width: int = 1
    meaning: str

    def __post_init__(self) -> None:
        require(self.name.isidentifier() and self.name.islower(), f"the field's name {self.name!r} must be snake_case")
        require(
            self.low >= 0 and self.width >= 1 and self.low + self.width <= WORD_BITS,
            f"field {self.name} must lie in a register's {WORD_BITS} bits, not at {self.low} with {self.width} bits",
        )

    @property
    def high(self) -> int:
        """The most significant bit."""
        return self.low + self.width - 1

    @property
    def mask(self) -> int:
        """A mask of the field's bits."""
        return ((1 << self.width) - 1) << self.low


@dataclass(frozen=True, kw_only=True)
class HostRegister:
    """A 32-bit register.

    Raises
    ------
    InputError
        Fields overlap, or the offset is not aligned.
    """

    name: str
    offset: int
    """In bytes."""
    access: Access
    meaning: str
    fields: tuple[Field, ...] = ()
    """By ascending bits; empty if the whole word is one number."""
    reset: int = 0
    """Value after reset."""
    is_constant: bool = False
    """Whether it always reads as ``reset``."""
    is_taken: bool = False
    """Whether a read takes the value away, so that a debugger must not read it."""

    def __post_init__(self) -> None:
        require(
            self.offset % 4 == 0 and 0 <= self.offset < 1 << ADDRESS_BITS,
            f"register {self.name} must lie at a word of {1 << ADDRESS_BITS} bytes, not at {self.offset:#x}",
        )
        require(0 <= self.reset < 1 << WORD_BITS, f"register {self.name} cannot hold {self.reset:#x}")
        for before, after in zip(self.fields, self.fields[1:], strict=False):
            require(before.high < after.low, f"register {self.name}: fields {before.name}, {after.name} must ascend")

    @property
    def is_counter(self) -> bool:
        """Whether it is one of the counters, which are consecutive from `Register.COUNTER` on."""
        return Register.COUNTER <= self.offset < min(StreamRegister)

    def to_json(self) -> dict[str, Any]:
        """Return the register as JSON types, for a manifest."""
        return {
            "name": self.name,
            "offset": self.offset,
            "access": self.access.value,
            "reset": self.reset,
            "constant": self.is_constant,
            "fields": [{"name": field.name, "low": field.low, "width": field.width} for field in self.fields],
        }

    def field(self, name: str) -> Field:
        """Return the field of that name."""
        return next(field for field in self.fields if field.name == name)


CONTROL = HostRegister(
    name="control",
    offset=Register.CONTROL,
    access=Access.WRITE,
    meaning="Bits that act when a 1 is written to them.",
    fields=(
        Field(name="clear_counters", low=0, meaning="sets all counters to 0"),
        Field(name="clear_errors", low=1, meaning="sets all error flags of STATUS to 0"),
    ),
)

BUSY = Field(name="busy", low=0, meaning="a sample is inside, or work is in progress")

ERRORS = (
    Field(
        name="frame_error",
        low=1,
        meaning="a frame was shorter or longer than its shape, or a sample had too few or many TICKs",
    ),
    Field(
        name="token_error",
        low=2,
        meaning="a token or event was dropped: it had an address that the input lacks, or was malformed (kind 3, "
        "payload 0 or out of range)",
    ),
    Field(name="weight_error", low=3, meaning="the streamed weights of a frame were too few or too many"),
    Field(name="time_error", low=4, meaning="an event's time stamp was earlier than the one before"),
    Field(
        name="order_error",
        low=5,
        meaning="a VALUE's address was not above that of the one before it in its step: the sample's answer is wrong",
    ),
)
"""Sticky flags, cleared by CONTROL; each is set by the input of its name in the register file."""

STATUS = HostRegister(
    name="status",
    offset=Register.STATUS,
    access=Access.READ,
    meaning="What is going on, and what went wrong since the error flags were cleared.",
    fields=(BUSY, *ERRORS),
)

INTERRUPTS = (
    Field(name="done", low=0, meaning="an answer is there: its first beat waits to be taken"),
    Field(name="error", low=1, meaning="an error flag of STATUS was set"),
)
"""Sources of the interrupt; each is set by the input of its name in the register file, prefixed with ``on_``."""

INTERRUPT_ENABLE = HostRegister(
    name="interrupt_enable",
    offset=Register.INTERRUPT_ENABLE,
    access=Access.READ_WRITE,
    meaning="The sources that drive the port irq.",
    fields=INTERRUPTS,
)

INTERRUPT_STATUS = HostRegister(
    name="interrupt_status",
    offset=Register.INTERRUPT_STATUS,
    access=Access.CLEAR,
    meaning="What happened since its bit was cleared, enabled or not; irq is high while an enabled bit is set.",
    fields=INTERRUPTS,
)

CONFIG_ADDRESS = HostRegister(
    name="config_address",
    offset=Register.CONFIG_ADDRESS,
    access=Access.WRITE,
    meaning="Where CONFIG_DATA goes.",
    fields=(
        Field(name="index", low=0, width=INDEX_BITS, meaning="chunk of 32 bits, in the memory"),
        Field(name="region", low=INDEX_BITS, width=REGION_BITS, meaning="memory"),
    ),
)

CONFIG_DATA = HostRegister(
    name="config_data",
    offset=Register.CONFIG_DATA,
    access=Access.WRITE,
    meaning="One chunk of a memory's word; the index of CONFIG_ADDRESS then counts up.",
)


STREAM_STATUS = HostRegister(
    name="stream_status",
    offset=StreamRegister.STREAM_STATUS,
    access=Access.READ,
    meaning="What the next access to SEND, SEND_LAST and RECEIVE will find.",
    reset=1,
    fields=(
        Field(name="can_send", low=0, meaning="a beat is taken"),
        Field(name="has_beat", low=1, meaning="a beat of an answer is there"),
        Field(name="is_last", low=2, meaning="that beat is the last one of its answer"),
    ),
)
STREAM_REGISTERS = (
    STREAM_STATUS,
    HostRegister(
        name="send",
        offset=StreamRegister.SEND,
        access=Access.WRITE,
        meaning="A beat of a sample; SLVERR if none is taken now.",
    ),
    HostRegister(
        name="send_last",
        offset=StreamRegister.SEND_LAST,
        access=Access.WRITE,
        meaning="The last beat of a sample; SLVERR if none is taken now.",
    ),
    HostRegister(
        name="receive",
        offset=StreamRegister.RECEIVE,
        access=Access.READ,
        meaning="Takes the next beat of an answer; SLVERR if there is none.",
        is_taken=True,
    ),
)
"""The registers through which wrappers pass on beats; the design itself has streams instead."""

FIXED_REGISTERS = (CONTROL, STATUS, CONFIG_ADDRESS, CONFIG_DATA, INTERRUPT_ENABLE, INTERRUPT_STATUS)
"""Registers that are neither constant nor counters."""
_OF_INTERRUPT = (INTERRUPT_ENABLE, INTERRUPT_STATUS)


def register_map(params: AcceleratorParams, *, version: int, config_hash: int) -> tuple[HostRegister, ...]:
    """Return all registers of an accelerator, by ascending offset.

    Parameters
    ----------
    version
        A :func:`tospike.hw.host.layout.version_word`.
    config_hash
        64 bits.
    """
    counters = counter_names(params)
    most = (min(StreamRegister) - Register.COUNTER) // 4
    require(
        len(counters) <= most,
        f"{len(counters)} counters are more than the {most} that registers can show: give fewer engines",
    )
    constants = (
        (Register.MAGIC, MAGIC, 'ASCII "tosp".'),
        (Register.VERSION, version, "Version of tospike: 0x00, major, minor, patch, a byte each."),
        (Register.HASH_LOW, config_hash & 0xFFFF_FFFF, "Bits 31..0 of the configuration hash."),
        (Register.HASH_HIGH, config_hash >> 32, "Bits 63..32 of the configuration hash."),
        (Register.INPUTS, params.input.addresses, "Values of an input frame, or addresses of input tokens."),
        (
            Register.OUTPUTS,
            params.output.addresses,
            "Values of an output frame, of which argmax and its like choose one, or addresses of output tokens.",
        ),
        (Register.COUNTERS, len(counters), "How many counters there are."),
    )
    registers = [
        *(
            HostRegister(
                name=register.name.lower(),
                offset=register,
                access=Access.READ,
                meaning=meaning,
                reset=value,
                is_constant=True,
            )
            for register, value, meaning in constants
        ),
        *(register for register in FIXED_REGISTERS if params.interrupt or register not in _OF_INTERRUPT),
        *(
            HostRegister(
                name="counter_" + name.replace(".", "_"),
                offset=Register.COUNTER + 4 * number,
                access=Access.READ,
                meaning=f"Counter {name}, since CONTROL cleared it.",
            )
            for number, name in enumerate(counters)
        ),
    ]
    return tuple(sorted(registers, key=lambda register: register.offset))
