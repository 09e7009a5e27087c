"""The serial line of boards: packets, the bridge that carries out requests, and the host's driver on it."""

import random
import zlib

import numpy as np
import pytest
from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import connect
from support.serial_bench import Board, SimulatedLine
from support.stream_bench import receive, send, simulate

from tospike.gen.emit.beats import input_beats
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.host.bridge import AxiBridge
from tospike.hw.host.framing import Check, Framer
from tospike.hw.host.framing import Deframer as HardwareDeframer
from tospike.hw.host.layout import MAGIC, Register
from tospike.hw.host.protocol import ESCAPE, FLAG, MAX_BEATS, MAX_PAYLOAD, Request, Status
from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    DenseLayer,
    EncoderParams,
    HostInput,
    HostOutput,
    IntFormat,
    LifParams,
    Readout,
    SpikingParams,
    SystolicParams,
)
from tospike.sim.accelerator import run
from tospike.tb.board.framing import LONGEST, Deframer, Packet
from tospike.tb.board.serial_host import SerialHost

PAYLOADS = [b"", b"\0", bytes([FLAG]), bytes([ESCAPE] * 3), bytes([FLAG, ESCAPE] * 32), bytes(range(100, 164))]
PACKETS = [Packet(number=n * 50 % 256, kind=n + 1, payload=payload) for n, payload in enumerate(PAYLOADS)]
MANY = Packet(number=1, kind=1, payload=bytes(range(100, 124)))
PACKETS += [Packet(number=FLAG, kind=ESCAPE, payload=b"x"), Packet(number=255, kind=255, payload=bytes(64))]


def test_packets_are_what_rfc_1662_says():
    data = Packet(number=1, kind=2, payload=bytes([FLAG, 3, ESCAPE])).to_bytes()
    check = zlib.crc32(bytes([1, 2, 3, FLAG, 3, ESCAPE]))
    assert data[:9] == bytes([0x7E, 1, 2, 3, 0x7D, 0x5E, 3, 0x7D, 0x5D])
    assert bytes(data[9:-1]) == check.to_bytes(4, "little") and data[-1] == 0x7E
    assert Packet(number=FLAG, kind=FLAG, payload=bytes([FLAG] * MAX_PAYLOAD)).to_bytes().__len__() <= LONGEST


def damaged(packets, rng):
    """Bytes of the packets with others between them that are none: cut, too long, damaged, aborted, noise."""
    bad = [
        MANY.to_bytes()[:20],
        PACKETS[1].to_bytes()[:-1] + bytes([ESCAPE, FLAG]),
        Packet(number=1, kind=1, payload=bytes(65)).to_bytes(),
        Packet(number=1, kind=1, payload=bytes(200)).to_bytes(),
        bytes([FLAG, FLAG, FLAG]),
        rng.randbytes(30),
        bytes([FLAG, *bytes(300), FLAG]),
        MANY.to_bytes().replace(bytes([101]), bytes([102]), 1),
        MANY.to_bytes()[:30] + MANY.to_bytes()[29:],
        MANY.to_bytes()[:30] + MANY.to_bytes()[31:],
    ]
    return b"".join(rng.choice(bad) + bytes([FLAG]) + packet.to_bytes() for packet in packets for _ in range(4))


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_the_host_finds_the_packets(piece):
    data = damaged(PACKETS, random.Random(1))
    deframer = Deframer()
    found = [packet for at in range(0, len(data), piece) for packet in deframer.feed(data[at : at + piece])]
    assert found == [packet for packet in PACKETS for _ in range(4)]


class Framing(wiring.Component):
    """Both directions of the board, with a check of their own."""

    def __init__(self):
        self.deframer, self.framer = HardwareDeframer(), Framer()
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        m.submodules += [self.deframer, self.framer, check := Check()]
        connect(m, self.deframer.check, check.receiver)
        connect(m, self.framer.check, check.sender)
        return m


def test_the_board_finds_the_packets():
    dut = Framing()
    deframer = dut.deframer

    async def source(ctx):
        await send(ctx, deframer.i, damaged(PACKETS, random.Random(2)))
        await ctx.tick().repeat(3)

    async def sink(ctx):
        place, memory, found = 0, {}, []
        signals = (deframer.valid, deframer.place, deframer.byte, deframer.is_good)
        async for _, _, valid, place, byte, is_good in ctx.tick().sample(*signals):
            if valid:
                memory[place] = byte
            if is_good:
                number, kind, length = (ctx.get(field) for field in (deframer.number, deframer.kind, deframer.length))
                found.append(Packet(number=number, kind=kind, payload=bytes(memory[n] for n in range(length))))
                if len(found) == 4 * len(PACKETS):
                    return found

    assert simulate(dut, source, sink)[1] == [packet for packet in PACKETS for _ in range(4)]


@pytest.mark.parametrize("stall", [0.0, 0.7])
def test_the_board_sends_packets(stall):
    dut = Framing()
    framer = dut.framer
    expected = b"".join(packet.to_bytes() for packet in PACKETS)

    async def source(ctx):
        for packet in PACKETS:
            for signal, value in ((framer.number, packet.number), (framer.kind, packet.kind)):
                ctx.set(signal, value)
            ctx.set(framer.length, len(packet.payload))
            ctx.set(framer.start, 1)
            await ctx.tick()
            ctx.set(framer.start, 0)
            done = False
            while not done:
                _, _, place, done = await ctx.tick().sample(framer.place, framer.done)
                ctx.set(framer.byte, packet.payload[place] if place < len(packet.payload) else 0xAA)

    async def sink(ctx):
        return bytes(await receive(ctx, framer.o, len(expected), stall=stall))

    assert simulate(dut, source, sink)[1] == expected


class Session:
    """Requests to a bridge whose accelerator is a bench: by whole packets."""

    def __init__(self, ctx, bridge):
        self.ctx, self.bridge, self.deframer, self.number = ctx, bridge, Deframer(), 7

    async def send(self, kind, payload=b"", *, number=None):
        if number is None:
            self.number = number = (self.number + 1) % 256
        await send(self.ctx, self.bridge.i, Packet(number=number, kind=kind, payload=payload).to_bytes())

    async def answer(self, cycles=1200):
        """The next packet; None if there is none for so many cycles."""
        o = self.bridge.o
        self.ctx.set(o.ready, 1)
        for _ in range(cycles):
            _, _, valid, byte = await self.ctx.tick().sample(o.valid, o.payload)
            if valid:
                for packet in self.deframer.feed(bytes([byte])):
                    return packet
        return None

    async def ask(self, kind, payload=b"", **options):
        await self.send(kind, payload, **options)
        packet = await self.answer()
        return packet and (packet.kind, packet.payload)


async def pulse(ctx, signal):
    ctx.set(signal, 1)
    await ctx.tick()
    ctx.set(signal, 0)


def words(*values):
    return b"".join(value.to_bytes(4, "little") for value in values)


def with_bridge(session, *, beats=(), takes=True):
    """Runs a session against registers that read as their address, and refuse odd ones, and a stream that has ``beats``
    for it. What the accelerator got comes back."""
    bridge = AxiBridge(timeout=64)
    written, taken, resets = [], [], []
    gives = list(beats)
    state = {"takes": takes}

    async def registers(ctx):
        axi = bridge.s_axi
        while True:
            _, _, reads, at, writes, target, data = await ctx.tick().sample(
                axi.arvalid, axi.araddr, axi.awvalid & axi.wvalid, axi.awaddr, axi.wdata
            )
            if reads:
                await pulse(ctx, axi.arready)
                ctx.set(axi.rdata, at * 0x10001)
                ctx.set(axi.rresp, 2 * (at & 1))
                ctx.set(axi.rvalid, 1)
                await ctx.tick().until(axi.rready)
                ctx.set(axi.rvalid, 0)
            elif writes:
                written.append((target, data))
                await pulse(ctx, axi.wready)
                await pulse(ctx, axi.awready)
                ctx.set(axi.bresp, 2 * (target & 1))
                ctx.set(axi.bvalid, 1)
                await ctx.tick().until(axi.bready)
                ctx.set(axi.bvalid, 0)

    async def streams(ctx):
        into, out = bridge.s_axis, bridge.m_axis
        while True:
            ctx.set(into.tready, state["takes"])
            ctx.set(out.tvalid, bool(gives))
            if gives:
                ctx.set(out.tdata, gives[0][0])
                ctx.set(out.tlast, gives[0][1])
            _, _, came, word, last, gave, reset = await ctx.tick().sample(
                into.tvalid & into.tready, into.tdata, into.tlast, out.tvalid & out.tready, bridge.reset
            )
            resets.append(reset)
            if came:
                taken.append((word, last))
            if gave:
                del gives[0]

    async def run_session(ctx):
        await session(Session(ctx, bridge), state)

    simulate(bridge, run_session, background=[registers, streams])
    return written, taken, sum(resets)


def address(value):
    return value.to_bytes(2, "little")


def test_each_request_is_carried_out_once():
    async def session(board, state):
        reset = (Status.DONE, b"abcd")
        assert await board.ask(Request.RESET, b"abcd") == reset
        done = (Status.DONE, b"")
        for _ in range(3):  # the same number: the same answer
            assert await board.ask(Request.WRITE, address(0x10) + words(5), number=9) == done
        for _ in range(2):
            assert await board.ask(Request.READ, address(0x24), number=10) == (Status.DONE, words(0x240024))
        assert await board.ask(Request.READ, address(0x25), number=11) == (Status.REFUSED, b"")
        assert await board.ask(Request.WRITE, address(0x31) + words(6), number=12) == (Status.REFUSED, b"")
        assert await board.ask(Request.PUSH, words(1, 2), number=13) == done
        assert await board.ask(Request.PUSH, words(1, 2), number=13) == done
        assert await board.ask(Request.PUSH_LAST, words(*range(MAX_BEATS)), number=14) == done
        for number in (10, 13, 16, 14 + 128):  # before the last one, or too far ahead
            assert await board.ask(Request.WRITE, address(0x10) + words(9), number=number) is None
        for _ in range(2):
            assert await board.ask(Request.PULL, number=15) == (Status.DONE, words(*range(100, 116)))
        assert await board.ask(Request.PULL, number=16) == (Status.LAST, words(116, 117))
        assert await board.ask(Request.PULL, number=17) == (Status.DONE, words(118))  # nothing more for a while
        assert await board.ask(Request.PULL, number=18) == (Status.DONE, b"")

    beats = [(word, word == 117) for word in range(100, 119)]
    written, taken, _ = with_bridge(session, beats=beats)
    assert written == [(0x10, 5), (0x31, 6)]
    assert taken == [(1, 0), (2, 0), *((word, word == MAX_BEATS - 1) for word in range(MAX_BEATS))]


def test_what_is_no_request_is_nothing():
    async def session(board, state):
        await board.ask(Request.RESET, bytes(4), number=0)
        wrong = {0: b"", 8: b"", Status.DONE: b"", Request.READ: b"1", Request.WRITE: b"12", Request.PULL: b"1"}
        wrong |= {Request.PUSH: b"", Request.PUSH_LAST: b"12345", Request.RESET: b"123", Request.RESUME: b""}
        for kind, payload in wrong.items():
            assert await board.ask(kind, payload, number=1) is None
        assert await board.ask(Request.READ, address(4), number=1) == (Status.DONE, words(0x40004))

    assert with_bridge(session)[0] == []


def test_before_a_reset_nothing_is_done():
    async def session(board, state):
        for kind, payload in ((Request.READ, address(4)), (Request.PUSH, words(1)), (Request.PULL, b"")):
            assert await board.ask(kind, payload) == (Status.LOST, b"")

    assert with_bridge(session) == ([], [], 0)


def test_a_sample_that_nobody_takes_is_answered():
    """Beats that were taken are told; what is sent behind is nothing, until the host asks for what comes out."""

    async def session(board, state):
        await board.ask(Request.RESET, bytes(4), number=0)
        state["takes"] = False
        for _ in range(2):  # one beat waits in the bridge
            assert await board.ask(Request.PUSH, words(1, 2, 3), number=1) == (Status.STALLED, b"\x01")
        for kind, payload in ((Request.PUSH, words(4)), (Request.PULL, b""), (Request.READ, address(4))):
            assert await board.ask(kind, payload, number=2) is None
        assert await board.ask(Request.RESUME, number=2) == (Status.DONE, words(9))
        state["takes"] = True
        assert await board.ask(Request.RESUME, number=3) is None
        assert await board.ask(Request.PUSH_LAST, words(2, 3), number=3) == (Status.DONE, b"")

    assert with_bridge(session, beats=[(9, 0)])[1] == [(1, 0), (2, 0), (3, 1)]


def test_a_reset_is_possible_when_nothing_else_is():
    async def session(board, state):
        await board.ask(Request.RESET, bytes(4), number=0)
        assert await board.ask(Request.PUSH, words(1, 2, 3), number=1) == (Status.STALLED, b"\x01")
        state["takes"] = True
        assert await board.ask(Request.RESET, b"efgh", number=99) == (Status.DONE, b"efgh")
        assert await board.ask(Request.PUSH_LAST, words(4), number=100) == (Status.DONE, b"")

    _, taken, resets = with_bridge(session, takes=False)
    assert taken == [(1, 0), (4, 1)] or taken == [(4, 1)]
    assert resets == 2 * 65


def ann(host_output=HostOutput.DENSE):
    array = ArrayParams(rows=1, cols=3, act=IntFormat(bits=8, signed=False), weight_bits=8, acc_bits=24)
    layers = (DenseLayer(rows=1, inputs=9, outputs=5),)
    return AcceleratorParams(name="ann", engines=(SystolicParams(array=array, layers=layers),), host_output=host_output)


def snn(host_input, host_output):
    encoder = EncoderParams(inputs=7, steps=4)
    has_encoder = host_input is HostInput.DENSE
    engine = SpikingParams(
        inputs=7,
        neurons=6,
        lanes=2,
        neuron=LifParams(state_bits=16, threshold=90),
        readout=Readout.SPIKES if host_output is HostOutput.TOKENS else Readout.COUNT,
        **({"payload": encoder.output.payload} if has_encoder else {}),
    )
    engines = (encoder, engine) if has_encoder else (engine,)
    return AcceleratorParams(name="snn", engines=engines, host_input=host_input, host_output=host_output)


def simulated(params, seed=3, **options):
    """A host whose board runs a random network, the network, samples, and the line."""
    design = random_design(params, seed=seed)
    line = SimulatedLine(Board(design), **options)
    host = SerialHost(line, "the line", rng=random.Random(seed))
    return host, design, random_samples(design, 6, seed=seed), line


CASES = [
    ann(),
    ann(HostOutput.ARGMAX),
    snn(HostInput.DENSE, HostOutput.DENSE),
    snn(HostInput.TOKENS, HostOutput.TOKENS),
    snn(HostInput.TOKENS, HostOutput.ARGMAX),
]


@pytest.mark.parametrize("params", CASES, ids=lambda p: f"{p.name}-{p.host_input.value}-{p.host_output.value}")
def test_samples_through_the_bridge_give_what_golden_gives(params):
    host, design, samples, _ = simulated(params)
    expected = run(design, samples)
    assert expected.outputs.any()
    host.reset()
    host.clear_counters()
    assert host.read(Register.MAGIC) == MAGIC
    for index, sample in enumerate(samples):
        words = host.run(input_beats(params, sample))
        if params.host_output is HostOutput.TOKENS:
            counts = np.zeros(params.output.addresses, dtype=np.int64)
            np.add.at(counts, [word & 0xFFFF for word in words if word >> 30 == 0], 1)
            assert counts.tolist() == expected.outputs[index].tolist()
        else:
            got = np.array(words, dtype=np.uint32).astype(np.int32)
            assert got.tolist() == expected.outputs[index].tolist()
