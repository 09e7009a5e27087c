"""What software must know of a design: registers, sizes, writable memories."""

import re
from dataclasses import dataclass
from functools import cached_property

from tospike.hw.host.layout import Region, counter_names, regions, version_word
from tospike.hw.host.register_map import STREAM_REGISTERS, HostRegister, register_map
from tospike.hw.params import WORD_BITS, AcceleratorParams, HostInput, HostOutput, ceil_div
from tospike.sim.network import Network


@dataclass(frozen=True, kw_only=True)
class Interface:
    """A design as software sees it; headers, SVD and tables are written from it."""

    params: AcceleratorParams
    version: str
    """Of tospike."""
    config_hash: int
    """64 bits."""
    steps: int | None
    """Time steps of a sample; ``None`` if it is up to the host."""

    @property
    def name(self) -> str:
        """The design's name."""
        return self.params.name

    @property
    def prefix(self) -> str:
        """The prefix of its macros."""
        return macro_name(self.name)

    @cached_property
    def registers(self) -> tuple[HostRegister, ...]:
        """The design's registers."""
        return register_map(self.params, version=version_word(self.version), config_hash=self.config_hash)

    @property
    def all_registers(self) -> tuple[HostRegister, ...]:
        """The design's registers, and those that wrappers add."""
        return (*self.registers, *STREAM_REGISTERS)

    @property
    def regions(self) -> tuple[Region, ...]:
        """The memories that software may write."""
        return writable_regions(self.params)

    @property
    def sizes(self) -> tuple[tuple[str, int, str], ...]:
        """Name, value and meaning of what a program needs to declare its buffers."""
        params, payload = self.params, self.params.input.payload
        return (
            ("INPUT_VALUES", params.input.addresses, "values of an input frame, or addresses of input tokens"),
            ("INPUT_BITS", payload.bits, "bits of an input value"),
            ("INPUT_SIGNED", int(payload.signed), "whether input values have a sign"),
            ("INPUT_FRAMES", self._frames, "frames of a sample"),
            ("STEPS", self.steps or 0, "time steps of a sample; 0: as many as the host sends"),
            ("OUTPUT_VALUES", params.output.addresses, "outputs of the network"),
            ("OUTPUT_BITS", params.output.payload.bits, "bits of an output value"),
            ("OUTPUT_WORDS", self._words, "words of an answer; 0: as many as there are tokens"),
            ("INPUT_BEAT_BITS", params.input_beat_bits, "bits of a beat of s_axis"),
            ("OUTPUT_BEAT_BITS", params.output_beat_bits, "bits of a beat of m_axis"),
        )

    @property
    def design(self) -> tuple[int, ...]:
        """The fields of ``struct tospike_design``, in the order of ``tospike.h``."""
        params = self.params
        values = {register.name: register.reset for register in self.registers if register.is_constant}
        image = params.output_image
        channels, positions = (image[0], image[1] * image[2]) if image else (params.output.addresses, 1)
        is_narrow = params.input_beat_bits == params.output_beat_bits == WORD_BITS and params.weight_stream is None
        return (
            *(values["hash_low"], values["hash_high"]),
            *(params.input.addresses, self._frames, params.output.addresses, self._words, len(counter_names(params))),
            *(self._beats, channels, positions),
            *(int(params.sends_class), int(self.takes_bytes)),
            *(int(params.host_input is HostInput.TOKENS), int(is_narrow)),
        )

    @property
    def takes_bytes(self) -> bool:
        """Whether a sample is values of a byte each, four in a beat, which the driver packs."""
        params = self.params
        is_dense = params.host_input is HostInput.DENSE
        return is_dense and params.input_field_bits == 8 and params.input_beat_bits == WORD_BITS

    @property
    def _beats(self) -> int:
        """Beats of a sample of zeros; without dense values, that of an END."""
        params = self.params
        if params.host_input is not HostInput.DENSE:
            return 1
        return self._frames * ceil_div(params.input.addresses, params.input_beat_bits // params.input_field_bits)

    @property
    def _frames(self) -> int:
        return self.params.input_frames if self.params.host_input is HostInput.DENSE else 1

    @property
    def _words(self) -> int:
        return 0 if self.params.host_output is HostOutput.TOKENS else self.params.output_words


def interface_of(params: AcceleratorParams, network: Network | None, *, version: str, config_hash: int) -> Interface:
    """Return the interface of a design; ``network`` is ``None`` if it was generated without one."""
    steps = network.input.steps if network and network.is_spiking else None
    return Interface(params=params, version=version, config_hash=config_hash, steps=steps)


def writable_regions(params: AcceleratorParams) -> tuple[Region, ...]:
    """Return the memories that configuration may write."""
    writable = {number for number, engine in enumerate(params.engines) if engine.is_writable}
    return tuple(region for region in regions(params) if region.engine in writable)


def macro_name(name: str) -> str:
    """Return a name in capitals, as macros have them."""
    return re.sub(r"\W", "_", name, flags=re.ASCII).upper()


def comment(text: str) -> str:
    """Return a text that cannot end a comment of C."""
    return text.replace("*/", "* /")
