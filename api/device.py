"""A network on a board, or on a simulated one."""

import queue
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from tospike.data_source import as_array, chosen_samples
from tospike.design import Design
from tospike.hw.params import InputError, require
from tospike.sim.network import Array
from tospike.sim.network.output_order import predicted
from tospike.tb.board.ports import session_on
from tospike.tb.board.serial_line import LineOptions


class Device:
    """A board that holds a design, for use in ``with``.

    Parameters
    ----------
    design
        The design, from `tospike.Network.compile` with the options with which the bitstream was generated. If its
        weights can be written (``writable=True``), they are.
    port
        The serial line, such as ``/dev/ttyUSB0`` or ``COM3``; ``sim``: the generated Verilog in Verilator, behind the
        same protocol.
    baud
        Bits per second of the line.
    timeout
        Seconds to wait for the board.
    reconnect
        How often to open the line again for a sample, if it is lost or the board does not answer. Counters start again.

    Raises
    ------
    InputError
        An option is out of range. On entering: the port cannot be opened, no board answers, or it holds another design.

    Examples
    --------
    >>> import tospike
    >>> design = tospike.load("digits_snn.nir", data="digits").compile()
    >>> with tospike.Device(design, "sim") as device:  # doctest: +SKIP
    ...     device.predict(design.data.x[:2])
    array([3, 7])
    """

    def __init__(
        self,
        design: Design,
        port: str,
        *,
        baud: int = 1_000_000,
        timeout: float = 2.0,
        reconnect: int = 0,
    ):
        require(reconnect >= 0, f"reconnect must be 0 or more, not {reconnect}")
        self.design = design
        self._line = LineOptions(port=port, baud=baud, timeout=timeout)
        self._session = session_on(design.prepared.design, self._line, attempts=reconnect)

    def __enter__(self) -> Self:
        self._session.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.__exit__(kind, error, trace)

    def __repr__(self) -> str:
        return f"<Device {self.design.name} on {self._line.port}>"

    def run(self, x: ArrayLike | None = None) -> Array:
        """Return the outputs of samples, (N, outputs) integers: those of the golden model.

        Parameters
        ----------
        x
            (N, ...) samples, as in the data; default: the test part of the data.

        Raises
        ------
        InputError
            The samples do not match the data, the line is lost, or the board does not answer.
        """
        samples, _ = chosen_samples(self.design.data, x, None, self.design.prepared.network.classes)
        return np.stack(list(self._session.run(self.design.prepared.integers(samples))))

    def predict(self, x: ArrayLike | None = None) -> Array:
        """Return the class of each sample, (N,); parameters and errors as of `run`."""
        outputs = self.run(x)
        return outputs[:, 0] if self.design.params.sends_class else predicted(outputs)

    def stream(self, samples: Iterable[ArrayLike]) -> Iterator[Array]:
        """Yield the outputs of each sample, (outputs,), as soon as they are there; take the next sample only then.

        Parameters
        ----------
        samples
            Samples, as in the data; there may be no end of them.

        Raises
        ------
        InputError
            As `run`.
        """
        for sample in samples:
            yield self.run(as_array("sample", sample)[np.newaxis])[0]

    def load(self, design: Design) -> None:
        """Write the weights of another network into this hardware, and clear the counters.

        Parameters
        ----------
        design
            From `tospike.Network.compile` with ``like=`` the design that the board holds.

        Raises
        ------
        InputError
            The network needs other hardware, or the board does not answer.
        """
        self._session.load(design.prepared.design)
        self.design = design

    def set_threshold(self, layer: str, threshold: int) -> None:
        """Write the threshold of a layer, for the samples that follow.

        Parameters
        ----------
        layer
            A spiking layer that was given a ``threshold_factor``.
        threshold
            In units of its membranes: from 1 on; the design's own is in ``design.thresholds``.

        Raises
        ------
        InputError
            The layer has no threshold that can be written, the threshold is out of range, or the board does not answer.
        """
        design = self.design.with_threshold(layer, threshold)
        self._session.update(design.prepared.design)
        self.design = design

    @property
    def counters(self) -> dict[str, int]:
        """The hardware's counters, totals since the session began or `clear_counters`."""
        return self._session.counters()

    def clear_counters(self) -> None:
        """Set the counters to 0."""
        self._session.clear_counters()


def run_on_all(devices: Sequence[Device], x: ArrayLike) -> Array:
    """Return the outputs of samples, (N, outputs), which several open boards share: each takes the next one when it is
    free. If a board is lost, the others take its sample.

    Raises
    ------
    InputError
        There is no board, they hold different networks, or all of them are lost; the message is that of the last one.
    """
    require(len(devices) > 0, "give at least one device")
    require(len({id(device) for device in devices}) == len(devices), "give each device once")
    first = devices[0].design
    require(all(device.design is first for device in devices), "give devices of one design")
    samples, _ = chosen_samples(first.data, x, None, first.prepared.network.classes)
    todo: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(samples)):
        todo.put(index)
    outputs: dict[int, Array] = {}
    lost: list[InputError] = []

    def work(device: Device) -> bool:
        """Run samples until there are none left, or the board is lost; return whether it is still there."""
        while True:
            try:
                index = todo.get_nowait()
            except queue.Empty:
                return True
            try:
                outputs[index] = device.run(samples[index : index + 1])[0]
            except InputError as error:
                lost.append(error)
                todo.put(index)
                return False

    alive = list(devices)
    while alive and len(outputs) < len(samples):  # again, if a board was lost after the others had finished
        with ThreadPoolExecutor(len(alive)) as pool:
            alive = [device for device, is_there in zip(alive, pool.map(work, alive), strict=True) if is_there]
    if not alive and len(outputs) < len(samples):
        raise lost[-1]
    return np.stack([outputs[index] for index in range(len(samples))])
