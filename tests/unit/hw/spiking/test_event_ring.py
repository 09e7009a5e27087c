"""The ring of membranes against a sequential model."""

import random

import pytest
from amaranth.hdl import *
from support.stream_bench import simulate

from tospike.hw.params import RING_WORDS, IntFormat
from tospike.hw.spiking.ring import AccumulateRing

LANES = 2
STATE = IntFormat(bits=4, signed=True)
RETURN = 4
"""Cycles from the fetch's cycle 3 to the store."""


def rounds(rng, words, count):
    """(kind, values of each word) of turns through all words: "add" addends, or "store" what replaces them."""
    return [
        (kind, [[rng.randint(-8, 7) for _ in range(LANES)] for _ in range(words)])
        for kind in rng.choices(["add", "store"], [0.7, 0.3], k=count)
    ]


def sequential(turns, words):
    memory = [[0] * LANES for _ in range(words)]
    found, saturated = [], 0
    for kind, values in turns:
        for word in range(words):
            found.append(list(memory[word]))
            totals = [a + b for a, b in zip(memory[word], values[word], strict=True)] if kind == "add" else values[word]
            memory[word] = [min(max(total, STATE.min), STATE.max) for total in totals]
            saturated += sum(total != kept for total, kept in zip(totals, memory[word], strict=True))
    return found, saturated


def schedule(turns, words, rng):
    """What happens in each cycle: fetches {cycle: accumulate}, addends and stores {cycle: values}."""
    fetches, addends, stores, cycle = {}, {}, {}, 0
    for kind, values in turns:
        for word in range(words):
            cycle += rng.choice([0, 0, 0, 1, 2]) if kind == "add" else 0
            fetches[cycle] = kind == "add"
            if kind == "add":
                addends[cycle + 2] = values[word]
            else:
                stores[cycle + 3 + RETURN] = values[word]
            cycle += 1
        cycle += RETURN * (kind == "store")
    return fetches, addends, stores


@pytest.mark.parametrize("words", range(1, RING_WORDS + 1))
def test_turns_in_any_order(words):
    rng = random.Random(words)
    turns = rounds(rng, words, 60)
    fetches, addends, stores = schedule(turns, words, rng)
    dut = AccumulateRing(state=STATE, addend_bits=4, lanes=LANES, words=words)

    async def bench(ctx):
        found, saturated = [], 0
        for cycle in range(max([*fetches, *stores]) + 6):
            ctx.set(dut.fetch, {"valid": cycle in fetches, "accumulate": fetches.get(cycle, False), "word": 0})
            ctx.set(dut.addend, addends.get(cycle, [5, -3]))
            ctx.set(dut.store, {"valid": cycle in stores, "word": 0, "values": stores.get(cycle, [0] * LANES)})
            if cycle - 3 in fetches:
                found.append([ctx.get(dut.state[lane]) for lane in range(LANES)])
            saturated += ctx.get(dut.saturated).bit_count()
            await ctx.tick()
        return found, saturated

    assert simulate(dut, bench)[0] == sequential(turns, words)
