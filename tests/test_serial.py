"""The serial line of boards: UART, bridge, and the host's driver on a simulated board."""

import random

import numpy as np
import pytest
from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.sim import Simulator
from stream_bench import receive, send, simulate

from tospike.gen.beats import Beat, input_beats
from tospike.gen.folder import config_hash
from tospike.gen.images import pack
from tospike.gen.random_design import random_design, random_samples
from tospike.hw.accelerator import Accelerator
from tospike.hw.host.layout import MAGIC, Register
from tospike.hw.host.serial import ARGUMENTS, MAX_BEATS, Bridge, Command, Reply
from tospike.hw.host.uart import BITS, UartReceiver, UartTransmitter
from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    DenseLayer,
    EncoderParams,
    EventParams,
    HostInput,
    HostOutput,
    InputError,
    IntFormat,
    NeuronParams,
    Readout,
    SystolicParams,
)
from tospike.sim.accelerator import run
from tospike.tb.serial_host import NoAnswerError, SerialHost


class Loop(wiring.Component):
    """A transmitter and a receiver on one line."""

    def __init__(self, sent, received):
        self.transmitter, self.receiver = UartTransmitter(divisor=sent), UartReceiver(divisor=received)
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        m.submodules += [self.transmitter, self.receiver]
        m.d.comb += self.receiver.rx.eq(self.transmitter.tx)
        return m


@pytest.mark.parametrize(("sent", "received"), [(4, 4), (5, 5), (12, 12), (25, 25), (25, 26), (26, 25), (100, 104)])
def test_bytes_pass_a_line_whose_ends_differ_by_four_percent(sent, received):
    data = [0, 255, 0x55, 0xAA, 1, 128, *random.Random(sent).randbytes(20)]
    loop = Loop(sent, received)

    async def source(ctx):
        await send(ctx, loop.transmitter.i, data, stall=0.02)

    async def sink(ctx):
        return await receive(ctx, loop.receiver.o, len(data))

    assert simulate(loop, source, sink)[1] == data


@pytest.mark.parametrize("divisor", [4, 7])
def test_a_byte_takes_ten_bits(divisor):
    transmitter = UartTransmitter(divisor=divisor)

    async def source(ctx):
        await send(ctx, transmitter.i, [0b1010_0110, 0])

    async def line(ctx):
        levels = []
        for _ in range(2 * BITS * divisor + 8):
            await ctx.tick()
            levels.append(ctx.get(transmitter.tx))
        return levels

    levels = simulate(transmitter, source, line)[1]
    begin = levels.index(0)
    bits = [levels[begin + divisor // 2 + n * divisor] for n in range(BITS)]
    assert bits == [0, 0, 1, 1, 0, 0, 1, 0, 1, 1]


def test_a_short_pulse_and_a_byte_without_stop_bit_are_no_bytes():
    receiver = UartReceiver(divisor=8)

    async def line(ctx):
        async def hold(level, cycles):
            ctx.set(receiver.rx, level)
            for _ in range(cycles):
                await ctx.tick()
                seen.append(ctx.get(receiver.o.valid))

        seen = []
        await hold(1, 10)
        await hold(0, 2)
        await hold(1, 100)
        await hold(0, 80)
        await hold(1, 100)
        return seen

    assert not any(simulate(receiver, line)[0])


def test_an_impossible_divisor_is_refused():
    with pytest.raises(InputError, match="clock cycles per bit must be an integer from 4 to 65536, not 3"):
        UartReceiver(divisor=3)


async def until(ctx, condition, *values):
    """What ``values`` are in the first cycle in which ``condition`` holds."""
    while True:
        _, _, done, *sampled = await ctx.tick().sample(condition, *values)
        if done:
            return sampled


def little(value, size):
    return list(value.to_bytes(size, "little"))


@pytest.mark.parametrize("stall", [0.0, 0.3, 0.8])
def test_the_bridge_does_all_commands_under_any_back_pressure(stall):
    """Against a register file that answers what its address says, and a stream that comes back inverted."""
    bridge = Bridge()
    rng = random.Random(round(10 * stall))
    commands, expected, beats = [], [], []
    for _ in range(60):
        kind = rng.choice([*ARGUMENTS, 0, 0x7F])
        commands.append(kind)
        if kind == Command.READ:
            address = rng.randrange(1 << 12)
            commands += little(address, 2)
            expected.append((Reply.ERROR if address & 1 else Reply.READ, *little(address * 0x10001, 4)))
        elif kind == Command.WRITE:
            address = rng.randrange(1 << 12)
            commands += [*little(address, 2), *little(rng.getrandbits(32), 4)]
            expected.append((Reply.ERROR, *[None] * 4) if address & 1 else (Reply.WRITTEN,))
        elif kind in ARGUMENTS:
            words = [rng.getrandbits(32) for _ in range(rng.choice([0, 1, 2, 7]))]
            commands += [len(words), *(byte for word in words for byte in little(word, 4))]
            last = [kind == Command.LAST_BEATS and n == len(words) - 1 for n in range(len(words))]
            beats += zip(words, last, strict=True)
            expected.append((Reply.TAKEN,))
    written = []

    async def source(ctx):
        await send(ctx, bridge.commands, commands, stall=stall)

    async def sink(ctx):
        replies, back = [], []
        while len(replies) < len(expected) or len(back) < len(beats):
            [tag] = await receive(ctx, bridge.replies, 1, stall=stall, seed=len(replies))
            size = 4 if tag in (Reply.READ, Reply.ERROR, Reply.BEAT, Reply.LAST_BEAT) else 0
            frame = (tag, *await receive(ctx, bridge.replies, size, stall=stall, seed=len(back)))
            (back if tag in (Reply.BEAT, Reply.LAST_BEAT) else replies).append(frame)
        return replies, back

    async def registers(ctx):
        axi, stalls = bridge.s_axi, random.Random(1)
        while True:
            while stalls.random() < stall:
                await ctx.tick()
            _, _, reads, writes, address, target, data = await ctx.tick().sample(
                axi.arvalid, axi.awvalid & axi.wvalid, axi.araddr, axi.awaddr, axi.wdata
            )
            if reads:
                ctx.set(axi.arready, 1)
                await ctx.tick()
                ctx.set(axi.arready, 0)
                while stalls.random() < stall:
                    await ctx.tick()
                ctx.set(axi.rdata, address * 0x10001)
                ctx.set(axi.rresp, 2 * (address & 1))
                ctx.set(axi.rvalid, 1)
                await until(ctx, axi.rready)
                ctx.set(axi.rvalid, 0)
            elif writes:
                written.append((target, data))
                ready = [axi.awready, axi.wready]
                stalls.shuffle(ready)
                for signal in ready:  # in either order, each once
                    ctx.set(signal, 1)
                    await ctx.tick()
                    ctx.set(signal, 0)
                ctx.set(axi.bresp, 2 * (target & 1))
                ctx.set(axi.bvalid, 1)
                await until(ctx, axi.bready)
                ctx.set(axi.bvalid, 0)

    async def loop(ctx):
        stalls = random.Random(2)
        while True:
            while stalls.random() < stall:
                await ctx.tick()
            ctx.set(bridge.s_axis.tready, 1)
            beat = bridge.s_axis
            data, last = await until(ctx, beat.tvalid, beat.tdata, beat.tlast)
            ctx.set(bridge.s_axis.tready, 0)
            ctx.set(bridge.m_axis.tdata, data ^ 0xFFFF_FFFF)
            ctx.set(bridge.m_axis.tlast, last)
            ctx.set(bridge.m_axis.tvalid, 1)
            await until(ctx, bridge.m_axis.tready)
            ctx.set(bridge.m_axis.tvalid, 0)

    _, (replies, back) = simulate(bridge, source, sink, background=(registers, loop))
    for got, wanted in zip(replies, expected, strict=True):
        assert len(got) == len(wanted) and all(w in (None, g) for g, w in zip(got, wanted, strict=True))
    tags = {False: Reply.BEAT, True: Reply.LAST_BEAT}
    assert back == [(tags[last], *little(word ^ 0xFFFF_FFFF, 4)) for word, last in beats]


class Board(wiring.Component):
    """A bridge and an accelerator, without the line between the bridge and the host."""

    def __init__(self, accelerator):
        self.bridge, self.accelerator = Bridge(), accelerator
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        m.submodules.bridge = bridge = self.bridge
        m.submodules.accelerator = ResetInserter(bridge.reset)(self.accelerator)
        wiring.connect(m, bridge.s_axis, self.accelerator.s_axis)
        wiring.connect(m, self.accelerator.m_axis, bridge.m_axis)
        wiring.connect(m, bridge.s_axi, self.accelerator.s_axi)
        return m


class SimulatedLine:
    """The bytes of a board in Amaranth's simulator; nothing came in time if nothing comes in ``patience`` cycles."""

    def __init__(self, board, patience=2000):
        self.sent, self.got, self.cycles, self.patience = [], bytearray(), 0, patience
        self.sim = Simulator(Fragment.get(board, None))
        self.sim.add_clock(1e-6)
        commands, replies = board.bridge.commands, board.bridge.replies

        async def source(ctx):
            while True:
                ctx.set(commands.valid, bool(self.sent))
                if self.sent:
                    ctx.set(commands.payload, self.sent[0])
                _, _, taken = await ctx.tick().sample(commands.valid & commands.ready)
                if taken:
                    del self.sent[0]

        async def sink(ctx):
            ctx.set(replies.ready, 1)
            while True:
                _, _, valid, byte = await ctx.tick().sample(replies.valid, replies.payload)
                self.cycles += 1
                if valid:
                    self.got.append(byte)

        self.sim.add_testbench(source, background=True)
        self.sim.add_testbench(sink, background=True)

    def write(self, data):
        self.sent += data

    def read(self, size=1):
        until = self.cycles + self.patience + len(self.sent)
        while len(self.got) < size and self.cycles < until:
            self.sim.advance()
        taken, self.got = bytes(self.got[:size]), self.got[size:]
        return taken


def simulated_line(design):
    """The line of a board that holds ``design``."""
    images = pack(design)
    number = config_hash(design.params, images)
    return SimulatedLine(Board(Accelerator(design.params, images, version="0.1.0", config_hash=number)))


def ann(host_output=HostOutput.DENSE):
    array = ArrayParams(rows=1, cols=3, act=IntFormat(bits=8, signed=False), weight_bits=8, acc_bits=24)
    layers = (DenseLayer(rows=1, inputs=9, outputs=5),)
    return AcceleratorParams(name="ann", engines=(SystolicParams(array=array, layers=layers),), host_output=host_output)


def snn(host_input, host_output):
    encoder = EncoderParams(inputs=7, steps=4)
    has_encoder = host_input is HostInput.DENSE
    engine = EventParams(
        inputs=7,
        neurons=6,
        lanes=2,
        neuron=NeuronParams(state_bits=16, threshold=90),
        readout=Readout.SPIKES if host_output is HostOutput.TOKENS else Readout.COUNT,
        **({"payload": encoder.output.payload} if has_encoder else {}),
    )
    engines = (encoder, engine) if has_encoder else (engine,)
    return AcceleratorParams(name="snn", engines=engines, host_input=host_input, host_output=host_output)


def simulated(params, seed=3):
    """A host whose board runs a random network, the network, its golden results and samples, one of them all zeros."""
    design = random_design(params, seed=seed)
    samples = random_samples(design, 6, seed=seed)
    samples[1] = 0
    line = simulated_line(design)
    return SerialHost(line, "the line"), design, samples, line


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


def test_a_reset_ends_a_broken_off_command_and_a_half_sent_sample():
    params = snn(HostInput.TOKENS, HostOutput.DENSE)
    host, design, samples, line = simulated(params)
    expected = run(design, samples)
    host.reset()
    beats = list(input_beats(params, samples[0]))
    line.write(bytes([Command.BEATS, MAX_BEATS, 1, 2, 3]))
    host.reset()
    host._send([Beat(data=beat.data, last=False) for beat in beats[:-1]])
    host.reset()
    assert host.run(beats) == [value & 0xFFFF_FFFF for value in expected.outputs[0].tolist()]


def test_registers_that_are_not_there_and_a_silent_line_are_told():
    host, _, _, line = simulated(ann())
    host.reset()
    with pytest.raises(NoAnswerError, match="the line answers ERROR, not READ: reset the board"):
        host.read(0xFFC)
    with pytest.raises(NoAnswerError, match="does not answer: is the board's bitstream loaded"):
        host._take(1)
    line.got += b"?"
    with pytest.raises(NoAnswerError, match="the line sends 3f, which is no reply of ours"):
        host.read(Register.MAGIC)
