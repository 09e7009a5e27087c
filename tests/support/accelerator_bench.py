"""Samples through a whole accelerator in Amaranth's simulator, one after another."""

import random

from support.stream_bench import simulate

from tospike.gen.emit.beats import answer_beats, input_beats, output_words
from tospike.gen.emit.memory_init import pack
from tospike.gen.place.streaming import frame_weights
from tospike.hw.accelerator import Accelerator
from tospike.hw.host.layout import Register, counter_names

BETWEEN = 60
"""Cycles between samples: states are cleared, what follows an early answer is dropped. Large states need more."""


async def read_register(ctx, axi, address):
    """The word at an address of the registers."""
    for signal, value in ((axi.araddr, address), (axi.arvalid, 1), (axi.rready, 1)):
        ctx.set(signal, value)
    await ctx.tick().until(axi.arready)
    ctx.set(axi.arvalid, 0)
    data, response = await ctx.tick().sample(axi.rdata, axi.rresp).until(axi.rvalid)
    assert response == 0
    return data


async def read_counters(ctx, axi, params):
    return {
        name: await read_register(ctx, axi, Register.COUNTER + 4 * number)
        for number, name in enumerate(counter_names(params))
    }


def answers_of(design, samples, *, between=BETWEEN):
    """(words, unsigned; cycles) of each sample."""
    return answers_and_counters(design, samples, between=between)[0]


def answers_and_counters(design, samples, *, between=BETWEEN, stall=0.0):
    """(words, unsigned; cycles) of each sample, and what the counters hold after all of them.

    In each cycle, the host offers no beat with probability ``stall``, and takes none.
    """
    rng = random.Random(0)
    dut = Accelerator(design.params, pack(design), version="1.0.0", config_hash=1)

    async def bench(ctx):
        answers = []
        for sample in samples:
            await ctx.tick().repeat(between)
            beats = list(input_beats(design.params, sample))
            taken, cycles, words, last, offers = 0, 0, [], False, False
            while not last or taken < len(beats):
                # what is offered stays until it is taken
                offers = taken < len(beats) and (offers or rng.random() >= stall)
                takes = rng.random() >= stall
                ctx.set(dut.m_axis.tready, takes)
                ctx.set(dut.s_axis.tvalid, offers)
                if offers:
                    ctx.set(dut.s_axis.tdata, beats[taken].data)
                    ctx.set(dut.s_axis.tlast, beats[taken].last)
                *_, ready, valid, word, ends = await ctx.tick().sample(
                    dut.s_axis.tready, dut.m_axis.tvalid, dut.m_axis.tdata, dut.m_axis.tlast
                )
                if offers and ready:
                    taken, offers = taken + 1, False
                cycles += taken > 0 and not last
                if valid and takes:
                    words.append(word)
                    last = last or bool(ends)
            ctx.set(dut.s_axis.tvalid, 0)
            answers.append((words, cycles))
        await ctx.tick().repeat(between)
        return answers, await read_counters(ctx, dut.s_axi, design.params)

    return simulate(dut, bench)[0]


def check_answers(params, answers, expected):
    """Words and cycles of `answers_and_counters` are those of a result of the golden model."""
    for index, (words, cycles) in enumerate(answers):
        assert words == answer_beats(params, output_words(params, expected, index))
        assert cycles == expected.cycles[index]


def departures_of(design, samples, *, between=BETWEEN):
    """Cycles from the first beat to each answer, if the samples follow one another without a gap; see
    `tospike.sim.cycles.back_to_back.departures`."""
    dut = Accelerator(design.params, pack(design), version="1.0.0", config_hash=1)
    beats = [beat for sample in samples for beat in input_beats(design.params, sample)]
    weights = frame_weights(design)

    async def stream(ctx):
        number = 0
        while weights:
            ctx.set(dut.s_axis_weights.tdata, weights[number])
            ctx.set(dut.s_axis_weights.tlast, number == len(weights) - 1)
            ctx.set(dut.s_axis_weights.tvalid, 1)
            *_, ready = await ctx.tick().sample(dut.s_axis_weights.tready)
            number = (number + ready) % len(weights)

    async def bench(ctx):
        left, taken, cycle = [], 0, 0
        ctx.set(dut.m_axis.tready, 1)
        await ctx.tick().repeat(between)
        while len(left) < len(samples):
            ctx.set(dut.s_axis.tvalid, taken < len(beats))
            if taken < len(beats):
                ctx.set(dut.s_axis.tdata, beats[taken].data)
                ctx.set(dut.s_axis.tlast, beats[taken].last)
            *_, ready, valid, ends = await ctx.tick().sample(dut.s_axis.tready, dut.m_axis.tvalid, dut.m_axis.tlast)
            taken += ready and taken < len(beats)
            cycle += taken > 0
            if valid and ends:
                left.append(cycle)
        return left

    return simulate(dut, bench, background=[stream] if weights else [])[0]
