"""A session with a board: its design is checked, its weights are written if they can be, and samples run."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Self

import numpy as np

from tospike.gen.driver.interface import writable_regions
from tospike.gen.emit.beats import input_beats
from tospike.gen.emit.folder import design_hash
from tospike.gen.emit.memory_init import pack
from tospike.hw.host.layout import MAGIC, Register, counter_names
from tospike.hw.layout import INDEX_BITS, config_writes
from tospike.hw.params import HostOutput, InputError, require
from tospike.sim import accelerator as golden
from tospike.sim.design import Design
from tospike.sim.network import Array
from tospike.sim.network.output_order import as_network
from tospike.tb.board.serial_host import Line, SerialHost

SLOWEST_CLOCK = 1e6
"""Lower bound of the clock of any board, Hz."""
_PAUSE = 0.2
"""Seconds between two attempts to reconnect."""

Opener = Callable[[], AbstractContextManager[Line]]
"""Opens a line."""


class Session:
    """A board with a design.

    Parameters
    ----------
    design
        The network; if the design is writable, its weights are written.
    opener
        Opens the line.
    name
        Name of the line in errors.
    timeout
        Seconds to wait for the board.
    attempts
        How often to reconnect for a sample, if the line is lost, the board restarted, or its answer does not come.

    After any error the line is closed, and opened again for the next sample: a late answer is never taken for that of
    another sample.
    """

    def __init__(self, design: Design, opener: Opener, name: str, *, timeout: float, attempts: int = 0):
        self.design = design
        self._opener = opener
        self._name = name
        self._timeout = timeout
        self._attempts = attempts
        self._is_open = False
        self._stack = ExitStack()
        self._host: SerialHost | None = None

    def __enter__(self) -> Self:
        """Open the line, check the design, write the weights, clear the counters.

        Raises
        ------
        InputError
            The line cannot be opened, the board does not answer, or it holds another design.
        """
        require(
            self.design.params.host_output is not HostOutput.TOKENS,
            f"{self.design.params.name} answers with spikes, whose number is not known: generate it with another "
            "readout",
        )
        require(not self._is_open, f"the session with {self._name} is open already")
        self._open()
        self._is_open = True
        return self

    def _open(self) -> None:
        stack = ExitStack()
        with stack:
            self._host = SerialHost(stack.enter_context(self._opener()), self._name, timeout=self._timeout)
            self._host.reset()
            self._check()
            self.load(self.design)
            self._stack = stack.pop_all()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        self._close()

    def _close(self) -> None:
        self._host = None
        self._stack.close()

    def load(self, design: Design) -> None:
        """Write the weights of a network, if the hardware lets the host, and clear the counters."""
        require(
            design.params == self.design.params and design_hash(design) == design_hash(self.design),
            f"{design.network.name} needs other hardware than {self._name} has",
        )
        try:
            if writable_regions(design.params):
                self.host.write_all(memory_writes(design))
                self.host.reset()  # which keeps the memories: states begin with the biases that were written
            self.host.clear_counters()
        except BaseException:  # the memories hold parts of two networks
            self._close()
            raise
        self.design = design

    def update(self, design: Design) -> None:
        """Write the memories of this design that differ from those that the board holds; its counters go on."""
        try:
            self.host.write_all(memory_writes(design, held=self.design))
        except BaseException:
            self._close()
            raise
        self.design = design

    @property
    def host(self) -> SerialHost:
        """The board's registers and streams.

        Raises
        ------
        InputError
            The session is closed.
        """
        if self._host is None:
            raise InputError(f"the session with {self._name} is closed: open it, as in `with`")
        return self._host

    def run(self, x: Array) -> Iterator[Array]:
        """Yield the outputs of samples, in the network's order.

        Parameters
        ----------
        x
            (N, ...) integers, as the hardware takes them.

        Raises
        ------
        InputError
            The line is lost, or the board does not answer, ``attempts`` times after the first.
        """
        for index, sample in enumerate(x):
            if index == 0:
                seconds = 4 * float(golden.run(self.design, x[:1]).cycles[0]) / SLOWEST_CLOCK
            yield self._run(sample, index, seconds)

    def counters(self) -> dict[str, int]:
        """Return the totals since the session began or `clear_counters`."""
        names = counter_names(self.design.params)
        return {name: self.host.read(Register.COUNTER + 4 * number) for number, name in enumerate(names)}

    def clear_counters(self) -> None:
        """Set the counters to 0."""
        self.host.clear_counters()

    def _run(self, sample: Array, index: int, seconds: float) -> Array:
        if not self._is_open:
            _ = self.host  # raises
        for left in reversed(range(self._attempts + 1)):
            try:
                if self._host is None:
                    self._open()
                return self._answer(sample, index, seconds)
            except InputError:
                self._close()
                if not left:
                    raise
                time.sleep(_PAUSE)
            except BaseException:
                self._close()
                raise
        raise AssertionError  # the last attempt returns or raises

    def _answer(self, sample: Array, index: int, seconds: float) -> Array:
        params = self.design.params
        words = self.host.run(input_beats(params, sample), words=params.output_words, seconds=seconds)
        require(
            len(words) == params.output_words,
            f"{self._name} answers sample {index} with {len(words)} words, not {params.output_words}",
        )
        signed = np.array(words, dtype=np.uint32).astype(np.int32).astype(np.int64)
        return signed if params.sends_class else as_network(params, signed[np.newaxis])[0]

    def _check(self) -> None:
        magic = self.host.read(Register.MAGIC)
        require(magic == MAGIC, f"the accelerator has the ID {magic:#x}, not {MAGIC:#x}: load a bitstream of tospike")
        held = self.host.read(Register.HASH_HIGH) << 32 | self.host.read(Register.HASH_LOW)
        wanted = design_hash(self.design)
        require(
            held == wanted,
            f"the board holds design {held:016x}, and this network with these options is {wanted:016x}: generate, "
            "build and load it, or give the options that it was generated with",
        )


def memory_writes(design: Design, held: Design | None = None) -> Iterator[tuple[int, int]]:
    """Yield address and data of the register writes that fill the writable memories with a network's weights, except
    those memories that have the same contents in ``held``."""
    contents, old = pack(design), None if held is None else pack(held)
    for region in writable_regions(design.params):
        name = region.shape.name
        if old is not None and old[region.engine][name] == contents[region.engine][name]:
            continue
        following = None  # the index that CONFIG_ADDRESS has counted up to
        for index, data in config_writes(region.shape, contents[region.engine][name]):
            if index != following:
                yield Register.CONFIG_ADDRESS, region.number << INDEX_BITS | index
            yield Register.CONFIG_DATA, data
            following = index + 1
