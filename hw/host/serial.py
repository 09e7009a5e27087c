"""The host port of a board: AXI over a serial line."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.host.axi import Axi4LiteSignature, Axi4StreamSignature
from tospike.hw.host.bridge import AxiBridge
from tospike.hw.host.layout import ADDRESS_BITS
from tospike.hw.host.protocol import QUEUE_BYTES
from tospike.hw.host.uart import UartReceiver, UartTransmitter
from tospike.hw.streams import Queue, Register


class SerialPort(wiring.Component):
    """An `AxiBridge` on a serial line.

    ::

        rx -> receiver -> queue of QUEUE_BYTES -> register -> bridge -> transmitter -> tx
                                                              |  ^
                                                              v  |
                                                      AXI of the accelerator

    The protocol is the only flow control: the queue holds all that the host may have in flight. The register keeps the
    block RAM's output, which is late in its cycle, out of the bridge's logic.

    Members
    -------
    rx : In(1), tx : Out(1)
        The lines.
    others
        As of `AxiBridge`.
    """

    def __init__(self, *, divisor: int):
        self._divisor = divisor
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "s_axis": Out(Axi4StreamSignature()),
                "m_axis": In(Axi4StreamSignature()),
                "s_axi": Out(Axi4LiteSignature(ADDRESS_BITS)),
                "reset": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(divisor=self._divisor)
        m.submodules.queue = queue = Queue(8, depth=QUEUE_BYTES)
        m.submodules.register = register = Register(8)
        m.submodules.bridge = bridge = AxiBridge()
        m.submodules.transmitter = transmitter = UartTransmitter(divisor=self._divisor)
        connect(m, receiver.o, queue.i)
        connect(m, queue.o, register.i)
        connect(m, register.o, bridge.i)
        connect(m, bridge.o, transmitter.i)
        connect(m, bridge.s_axis, flipped(self.s_axis))
        connect(m, flipped(self.m_axis), bridge.m_axis)
        connect(m, bridge.s_axi, flipped(self.s_axi))
        m.d.comb += [receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx), self.reset.eq(bridge.reset)]
        return m
