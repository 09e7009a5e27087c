"""cocotb tests of a generated accelerator; `tospike verify` runs them.

``TOSPIKE_DESIGN`` names the design folder, ``TOSPIKE_SEED`` seeds all random choices, ``TOSPIKE_SAMPLES`` is the
number of samples of each test. The AXI managers are cocotbext-axi's, an independent implementation of the protocol.
"""

import itertools
import os
import random
from importlib import metadata
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from tospike.gen.emit.beats import answer_words, input_beats, output_words, token_word
from tospike.gen.emit.folder import read
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.place.streaming import frame_weights
from tospike.hw.host.layout import MAGIC, Register, counter_names, regions, version_word
from tospike.hw.host.register_map import INTERRUPT_STATUS, STATUS
from tospike.hw.layout import config_writes
from tospike.hw.params import WORD_BITS, HostInput, HostOutput, InputError, TokenKind
from tospike.sim import accelerator as golden
from tospike.sim.cycles.back_to_back import departures

FOLDER = read(Path(os.environ["TOSPIKE_DESIGN"]))
SEED = int(os.environ.get("TOSPIKE_SEED", "0"))
SAMPLES = int(os.environ.get("TOSPIKE_SAMPLES", "8"))
PARAMS = FOLDER.params
# A design without a network is tested with random contents, written through the host port.
DESIGN = FOLDER.design or random_design(PARAMS, seed=SEED)
IMAGES = pack(DESIGN) if FOLDER.design is None else None
WEIGHTS = frame_weights(DESIGN)
WEIGHT_BYTES = PARAMS.weight_stream.beat_bits // 8 if PARAMS.weight_stream else 0

CYCLE_NS = 10


def time_limit(samples: int) -> dict[str, Any]:
    """Return a time limit for a design that does not answer: ten times the duration of ``samples`` samples in series.

    Stalls make them up to four times as long.
    """
    cycles = int(golden.run(DESIGN, random_samples(DESIGN, SAMPLES, seed=SEED)).cycles.max())
    writes = (
        sum(1 for r in regions(PARAMS) for _ in config_writes(r.shape, IMAGES[r.engine][r.shape.name])) if IMAGES else 0
    )
    limit = 10 * samples * (cycles + len(WEIGHTS) + 100) + 100 * writes + 10_000
    return {"timeout_time": CYCLE_NS * limit, "timeout_unit": "ns"}


LIMIT = time_limit(SAMPLES + 10)
TOKEN_ERROR, ORDER_ERROR = (STATUS.field(name).mask for name in ("token_error", "order_error"))


def weight_frame(beats):
    """Return beats of streamed weights as an AXI4-Stream frame."""
    return AxiStreamFrame(b"".join(beat.to_bytes(WEIGHT_BYTES, "little") for beat in beats))


def expected_beats(result, index):
    """Return the beats that the host must receive for one sample."""
    return output_words(PARAMS, result, index)


def expected_departures(samples):
    """Return when the answers of samples back to back leave; ``None`` of a chain in which an array is stalled, whose
    timing is not known."""
    try:
        return departures(DESIGN, samples).tolist()
    except InputError:
        return None


class Bench:
    """The design under test with an AXI manager on each port."""

    def __init__(self, dut, *, stall: float = 0.0):
        self.dut = dut
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst)
        self.host = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
        self.rng = random.Random(SEED)
        self.weights = []
        if WEIGHTS:
            self.weights.append(AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis_weights"), dut.clk, dut.rst))
            self.weights[0].queue_occupancy_limit_frames = 2
        if stall:
            writes, reads = self.host.write_if, self.host.read_if
            channels = (
                *(self.source, self.sink, *self.weights),
                *(writes.aw_channel, writes.w_channel, writes.b_channel),
                *(reads.ar_channel, reads.r_channel),
            )
            for number, channel in enumerate(channels):
                channel.set_pause_generator(self._pauses(stall, SEED + number))

    @staticmethod
    def _pauses(probability, seed):
        rng = random.Random(seed)
        while True:
            yield rng.random() < probability

    async def reset(self):
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 4)
        self.dut.rst.value = 0
        await RisingEdge(self.dut.clk)
        self.sink.clear()

    async def start(self, *, stream=True):
        Clock(self.dut.clk, CYCLE_NS, "ns").start()
        await self.reset()
        if IMAGES is not None:
            await self.configure(IMAGES)
            await self.reset()  # states begin with the biases that were written
        self.streaming = stream and bool(self.weights)
        for source in self.weights if stream else ():
            cocotb.start_soon(self._stream_weights(source))
        await self.idle()
        await self.host.write_dword(Register.CONTROL, 1)

    async def _stream_weights(self, source):
        """Send the weights of every frame, each before the previous one is complete."""
        while True:
            await source.send(weight_frame(WEIGHTS))

    async def configure(self, images):
        """Fill the writable memories."""
        for region in regions(PARAMS):
            await self.host.write_dword(Register.CONFIG_ADDRESS, region.number << 24)
            expected = 0
            for index, data in config_writes(region.shape, images[region.engine][region.shape.name]):
                if index != expected:
                    await self.host.write_dword(Register.CONFIG_ADDRESS, region.number << 24 | index)
                await self.host.write_dword(Register.CONFIG_DATA, data)
                expected = index + 1

    async def idle(self):
        """Wait until STATUS is idle, and no more weights are requested."""
        while await self.host.read_dword(Register.STATUS) & 1:
            pass
        while self.streaming and self.dut.s_axis_weights_tready.value:
            await RisingEdge(self.dut.clk)

    async def status(self):
        """Wait until the design is idle, and return STATUS: the error flags."""
        await self.idle()
        return await self.host.read_dword(Register.STATUS)

    async def counters(self):
        """Return every counter by name."""
        return {
            name: await self.host.read_dword(Register.COUNTER + 4 * number)
            for number, name in enumerate(counter_names(PARAMS))
        }

    async def send(self, sample):
        """Put one sample into the source's queue."""
        await self.send_beats([beat.data for beat in input_beats(PARAMS, sample)])

    async def send_beats(self, words):
        """Put one AXI4-Stream frame into the source's queue."""
        data = b"".join(word.to_bytes(PARAMS.input_beat_bits // 8, "little") for word in words)
        await self.source.send(AxiStreamFrame(data))

    async def departures(self, count):
        """Return the cycles from the first input beat to the end of each of the next ``count`` answers."""
        dut, cycle = self.dut, 0
        left: list[int] = []
        while len(left) < count:
            await RisingEdge(dut.clk)
            cycle += cycle > 0 or (dut.s_axis_tvalid.value == 1 and dut.s_axis_tready.value == 1)
            if dut.m_axis_tvalid.value == 1 and dut.m_axis_tready.value == 1 and dut.m_axis_tlast.value == 1:
                left.append(cycle)
        return left

    async def receive(self):
        """Return the next frame of results, as a list of integers (dense) or of words (tokens)."""
        frame = await self.sink.recv()
        size = PARAMS.output_beat_bits // 8
        beats = [int.from_bytes(bytes(frame.tdata[i : i + size]), "little") for i in range(0, len(frame.tdata), size)]
        words = answer_words(PARAMS, beats)
        if PARAMS.host_output is HostOutput.TOKENS:
            return words
        return [word - (word >> WORD_BITS - 1 << WORD_BITS) for word in words]


@cocotb.test(**LIMIT)
async def identification_and_unmapped_registers(dut):
    bench = Bench(dut)
    await bench.start()
    number = int(FOLDER.manifest["config_hash"], 16)
    expected = {
        Register.MAGIC: MAGIC,
        Register.VERSION: version_word(metadata.version("tospike")),
        Register.HASH_LOW: number & 0xFFFF_FFFF,
        Register.HASH_HIGH: number >> 32,
        Register.INPUTS: PARAMS.input.addresses,
        Register.OUTPUTS: PARAMS.output.addresses,
        Register.COUNTERS: len(counter_names(PARAMS)),
        Register.STATUS: 0,
    }
    for register, value in expected.items():
        assert await bench.host.read_dword(register) == value, register.name
    for address in (Register.CONTROL, 0x34, Register.COUNTER + 4 * len(counter_names(PARAMS)), 0xFFC):
        answer = await bench.host.read(address, 4)
        assert answer.resp == AxiResp.SLVERR, f"read of {address:#x}"
    for address in (Register.MAGIC, Register.COUNTER, 0xFFC):
        answer = await bench.host.write(address, bytes(4))
        assert answer.resp == AxiResp.SLVERR, f"write to {address:#x}"
    answer = await bench.host.write(Register.CONTROL, bytes(1))
    assert answer.resp == AxiResp.SLVERR, "a write of one byte only"


@cocotb.test(**LIMIT)
async def lone_samples_are_exact_to_the_cycle(dut):
    bench = Bench(dut)
    await bench.start()
    samples = random_samples(DESIGN, SAMPLES, seed=SEED)
    expected = golden.run(DESIGN, samples)
    await bench.host.write_dword(Register.INTERRUPT_ENABLE, INTERRUPT_STATUS.field("done").mask)
    for index, sample in enumerate(samples):
        await bench.host.write_dword(Register.CONTROL, 1)
        await bench.idle()
        assert dut.irq.value == 0, f"the interrupt before sample {index}"
        await bench.send(sample)
        assert await bench.receive() == expected_beats(expected, index), f"sample {index}"
        await bench.idle()
        assert dut.irq.value == 1, f"the interrupt of sample {index}"
        await bench.host.write_dword(Register.INTERRUPT_STATUS, INTERRUPT_STATUS.field("done").mask)
        counters = await bench.counters()
        assert counters.pop("cycles") == expected.cycles[index], f"cycles of sample {index}"
        for name, value in counters.items():
            assert value == expected.counters[name][index], f"counter {name} of sample {index}"


@cocotb.test(**LIMIT)
async def samples_back_to_back(dut):
    bench = Bench(dut)
    await bench.start()
    samples = random_samples(DESIGN, SAMPLES, seed=SEED + 1)
    expected = golden.run(DESIGN, samples)
    leaving, expected_leaving = cocotb.start_soon(bench.departures(len(samples))), expected_departures(samples)
    for sample in samples:
        await bench.send(sample)
    for index in range(len(samples)):
        assert await bench.receive() == expected_beats(expected, index), f"sample {index}"
    left = await leaving
    assert expected_leaving in (None, left), "cycles from the first beat to each answer"
    await bench.idle()
    counters = await bench.counters()
    for name, value in counters.items():
        if not name.endswith("cycles"):  # a sample that waits for the previous one takes longer
            assert value == expected.counters[name].sum(), name


@cocotb.test(**LIMIT)
@cocotb.parametrize(stall=[0.2, 0.7])
async def random_stalls_change_nothing(dut, stall):
    bench = Bench(dut, stall=stall)
    await bench.start()
    samples = random_samples(DESIGN, SAMPLES, seed=SEED + 2)
    expected = golden.run(DESIGN, samples)
    for sample in samples:
        await bench.send(sample)
    for index in range(len(samples)):
        assert await bench.receive() == expected_beats(expected, index), f"sample {index}"
    assert bench.sink.empty()


@cocotb.test(**LIMIT, skip=PARAMS.host_input is not HostInput.DENSE)
async def frames_of_wrong_length_are_flagged_and_survived(dut):
    bench = Bench(dut)
    await bench.start()
    sample = random_samples(DESIGN, 1, seed=SEED + 3)
    expected = expected_beats(golden.run(DESIGN, sample), 0)
    beats = [beat.data for beat in input_beats(PARAMS, sample[0])]
    wrong = [beats + [0x0101_0101] * 3]
    if len(beats) > 1:
        wrong.append(beats[:-1])
    for words in itertools.chain(wrong, wrong):
        await bench.send_beats(words)
        await bench.receive()
        assert await bench.host.read_dword(Register.STATUS) & 2, "the error flag"
        await bench.host.write_dword(Register.CONTROL, 2)
        assert not await bench.host.read_dword(Register.STATUS) & 2, "the error flag after clearing"
        await bench.send(sample[0])
        assert await bench.receive() == expected, "the sample after a wrong one"
        assert not await bench.host.read_dword(Register.STATUS) & 2, "the error flag after a good sample"


@cocotb.test(**LIMIT, skip=not WEIGHTS)
async def weights_of_wrong_number_are_flagged_and_survived(dut):
    bench = Bench(dut)
    await bench.start(stream=False)
    sample = random_samples(DESIGN, 1, seed=SEED + 5)
    expected = expected_beats(golden.run(DESIGN, sample), 0)
    (source,) = bench.weights
    for wrong in (WEIGHTS + WEIGHTS[:5], WEIGHTS[:-1], WEIGHTS[:1]):
        for beats in (wrong, WEIGHTS):
            await source.send(weight_frame(beats))
            await bench.send(sample[0])
            received = await bench.receive()
        assert received == expected, "the sample after one with wrong weights"
        assert await bench.host.read_dword(Register.STATUS) & 8, "the error flag"
        await bench.host.write_dword(Register.CONTROL, 2)
        await source.send(weight_frame(WEIGHTS))
        await bench.send(sample[0])
        assert await bench.receive() == expected
        assert not await bench.host.read_dword(Register.STATUS) & 8, "the error flag after clearing"


@cocotb.test(**LIMIT, skip=PARAMS.host_input is not HostInput.EVENTS)
async def wrong_events_are_flagged_and_dropped(dut):
    """After each event, one that is too early and one with an address out of range."""
    bench = Bench(dut)
    await bench.start()
    sample = random_samples(DESIGN, 3, seed=SEED + 5)[1:2]
    expected = expected_beats(golden.run(DESIGN, sample), 0)
    start, *events = [beat.data for beat in input_beats(PARAMS, sample[0])]
    origin = 1000
    words = [start + origin]
    for stamp, address in zip(events[::2], events[1::2], strict=True):
        words += [origin - 1, address, stamp + origin, PARAMS.input.addresses, stamp + origin, address]
    await bench.send_beats(words)
    assert await bench.receive() == expected
    assert await bench.host.read_dword(Register.STATUS) & 0b10100 == 0b10100
    await bench.host.write_dword(Register.CONTROL, 2)
    await bench.send(sample[0])
    assert await bench.receive() == expected
    assert not await bench.host.read_dword(Register.STATUS) & 0b10100, "the error flags after clearing"


@cocotb.test(**LIMIT, skip=PARAMS.host_input is not HostInput.TOKENS)
async def wrong_tokens_are_flagged(dut):
    """Malformed tokens, which are dropped, and a repeated one, after which the next sample is correct again."""
    bench = Bench(dut)
    await bench.start()
    sample = random_samples(DESIGN, 2, seed=SEED + 4)[1:]
    expected = expected_beats(golden.run(DESIGN, sample), 0)
    words = [beat.data for beat in input_beats(PARAMS, sample[0])]
    malformed = [3 << 30, token_word(TokenKind.VALUE, 0, 0)]
    if PARAMS.input.addresses < 1 << 16:
        malformed.append(token_word(TokenKind.VALUE, PARAMS.input.addresses, 1))
    await bench.send_beats([*malformed, *words])
    assert await bench.receive() == expected
    assert await bench.status() == TOKEN_ERROR
    await bench.host.write_dword(Register.CONTROL, 3)
    await bench.send_beats([words[0], *words])
    await bench.receive()
    assert await bench.status() == ORDER_ERROR
    await bench.host.write_dword(Register.CONTROL, 3)
    await bench.send(sample[0])
    assert await bench.receive() == expected
    assert await bench.status() == 0, "the error flags after clearing"


@cocotb.test(**LIMIT, skip=PARAMS.host_input is not HostInput.TOKENS)
async def a_sample_that_was_broken_off_is_ended_by_an_end_or_a_reset(dut):
    bench = Bench(dut)
    await bench.start()
    sample = random_samples(DESIGN, 2, seed=SEED + 4)[1:]
    result = golden.run(DESIGN, sample)
    words = [beat.data for beat in input_beats(PARAMS, sample[0])]
    for is_reset in (False, True):
        await bench.send_beats(words[: len(words) // 2])
        await bench.source.wait()
        await ClockCycles(dut.clk, 1000)
        assert await bench.host.read_dword(Register.STATUS) & 1, "busy while the END is missing"
        if is_reset:
            await bench.reset()
        else:
            await bench.send_beats([token_word(TokenKind.END)])
            await bench.receive()
        await bench.idle()
        await bench.host.write_dword(Register.CONTROL, 3)
        await bench.send(sample[0])
        assert await bench.receive() == expected_beats(result, 0)
        assert await bench.status() == 0
        assert (await bench.counters())["cycles"] == result.cycles[0]
