"""A board in Amaranth's simulator, or compiled; and lines that damage what passes them."""

import random

from amaranth.back import verilog
from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.sim import Simulator

from tospike.gen.emit.folder import config_hash
from tospike.gen.emit.memory_init import pack
from tospike.hw.accelerator import Accelerator
from tospike.hw.host.bridge import AxiBridge
from tospike.tb.board.simulated_board import TOP, SimulatedBoard, compiled


class Board(wiring.Component):
    """A bridge and an accelerator, without the line between the bridge and the host."""

    def __init__(self, design, *, timeout=256):
        images = pack(design)
        number = config_hash(design.params, images)
        self._accelerator = Accelerator(design.params, images, version="0.1.0", config_hash=number)
        self._timeout = timeout
        super().__init__({"i": In(stream.Signature(8)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.bridge = bridge = AxiBridge(timeout=self._timeout)
        accelerator = self._accelerator
        m.submodules.accelerator = ResetInserter(bridge.reset)(accelerator)
        connect(m, flipped(self.i), bridge.i)
        connect(m, bridge.o, flipped(self.o))
        connect(m, bridge.s_axis, accelerator.s_axis)
        connect(m, accelerator.m_axis, bridge.m_axis)
        connect(m, bridge.s_axi, accelerator.s_axi)
        return m


class SimulatedLine:
    """A board in Amaranth's simulator; a byte takes ``byte_cycles``, and a second ``PER_SECOND``."""

    PER_SECOND = 100_000

    def __init__(self, board, *, byte_cycles=12, moment=300):
        self.sent, self.got, self.cycles, self.moment = bytearray(), bytearray(), 0, moment
        self.seconds_per_byte = byte_cycles / self.PER_SECOND
        self.sim = Simulator(Fragment.get(board, None))
        self.sim.add_clock(1e-6)
        i, o = board.i, board.o

        async def line(ctx):
            while True:
                is_time = self.cycles % byte_cycles == 0
                ctx.set(i.valid, is_time and bool(self.sent))
                if self.sent:
                    ctx.set(i.payload, self.sent[0])
                ctx.set(o.ready, is_time)
                _, _, taken, came, byte = await ctx.tick().sample(i.valid & i.ready, o.valid & o.ready, o.payload)
                self.cycles += 1
                if taken:
                    del self.sent[0]
                if came:
                    self.got.append(byte)

        self.sim.add_testbench(line, background=True)

    def send(self, data):
        self.sent += data

    def receive(self):
        until = self.cycles + self.moment
        while not self.got and self.cycles < until:
            self.sim.advance()
        taken, self.got = bytes(self.got), bytearray()
        return taken

    def time(self):
        return self.cycles / self.PER_SECOND


def compiled_line(board):
    """The same of a board that Verilator compiled, with a slow clock, so that little time is much to the host."""
    return SimulatedBoard(compiled(verilog.convert(board, name=TOP, emit_src=False)), clock=100_000)


class DamagingLine:
    """Flips a bit of, drops, doubles or puts another before each byte with some probability, both ways."""

    def __init__(self, line, rate, seed):
        self._line, self._rate, self._rng = line, rate, random.Random(seed)
        self.seconds_per_byte, self.time = line.seconds_per_byte, line.time
        self.damaged = 0

    def _damage(self, data):
        out = bytearray()
        for byte in data:
            if self._rng.random() >= self._rate:
                out.append(byte)
                continue
            self.damaged += 1
            flipped = byte ^ 1 << self._rng.randrange(8)
            out += bytes(self._rng.choice([(flipped,), (), (byte, byte), (self._rng.randrange(256), byte)]))
        return bytes(out)

    def send(self, data):
        self._line.send(self._damage(data))

    def receive(self):
        return self._damage(self._line.receive())
