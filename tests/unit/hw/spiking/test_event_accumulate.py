"""The pipelined read-modify-write against a sequential model, for any sequence of addresses."""

import itertools
import random

import pytest
from amaranth.hdl import *
from support.stream_bench import simulate

from tospike.hw.params import IntFormat
from tospike.hw.spiking.accumulate import WRITE_LATENCY, Accumulate

IDLE = None


def sequential(sequence, *, state, lanes, words):
    """What each access finds, and how many of its lanes saturate. Items: (word, addends), addends None to read."""
    memory = [[0] * lanes for _ in range(words)]
    found, saturated = [], []
    for item in sequence:
        if item is IDLE:
            continue
        word, addends = item
        found.append(list(memory[word]))
        count = 0
        for lane, addend in enumerate(addends or ()):
            total = memory[word][lane] + addend
            memory[word][lane] = min(max(total, state.min), state.max)
            count += total != memory[word][lane]
        saturated.append(count)
    return found, saturated


def pipelined(sequence, dut, lanes):
    async def bench(ctx):
        found, saturated = [], []
        for cycle in range(len(sequence) + 5):
            now, adding, seen, done = (
                sequence[cycle - late] if 0 <= cycle - late < len(sequence) else IDLE for late in (0, 2, 3, 4)
            )
            word, addends = now if now is not IDLE else (0, None)
            ctx.set(dut.fetch, {"valid": now is not IDLE, "accumulate": addends is not None, "word": word})
            if adding is not IDLE and adding[1] is not None:
                ctx.set(dut.addend, adding[1])
            if seen is not IDLE:
                found.append([ctx.get(dut.state[lane]) for lane in range(lanes)])
            if done is not IDLE:
                saturated.append(ctx.get(dut.saturated).bit_count())
            else:
                assert ctx.get(dut.saturated) == 0
            await ctx.tick()
        return found, saturated

    return simulate(dut, bench)[0]


def check(sequence, *, words, distance, lanes=2, bits=4):
    state = IntFormat(bits=bits, signed=True)
    dut = Accumulate(state=state, addend_bits=4, lanes=lanes, words=words, distance=distance)
    assert pipelined(sequence, dut, lanes) == sequential(sequence, state=state, lanes=lanes, words=words)


def addends(rng, lanes=2):
    return None if rng.random() < 0.15 else [rng.randint(-8, 7) for _ in range(lanes)]


def test_every_short_sequence_of_two_words():
    """All sequences of 5 accesses or idle cycles: as long as a sum is on its way."""
    rng = random.Random(0)
    sequence = []
    for words in itertools.product([IDLE, 0, 1], repeat=5):
        sequence += [IDLE if word is IDLE else (word, addends(rng)) for word in words]
        sequence += [(0, None), (1, None)] + [IDLE] * WRITE_LATENCY
    check(sequence, words=2, distance=1)


@pytest.mark.parametrize("words", [1, 2, 3, 5])
@pytest.mark.parametrize("idle", [0.0, 0.3])
def test_random_sequences(words, idle):
    rng = random.Random(words)
    sequence = [IDLE if rng.random() < idle else (rng.randrange(words), addends(rng)) for _ in range(500)]
    check(sequence, words=words, distance=1)


@pytest.mark.parametrize("distance", [1, 2, 3, 4, 5, 6])
def test_a_promised_distance_needs_less_forwarding(distance):
    rng = random.Random(distance)
    sequence, last = [], {}
    for cycle in range(500):
        word = rng.randrange(distance + 1)
        near = cycle - last.get(word, -10) < distance
        sequence.append(IDLE if near else (word, addends(rng)))
        last = last if near else {**last, word: cycle}
    check(sequence, words=distance + 1, distance=distance)


def test_round_robin_goes_on_without_idle_cycles():
    for words in (1, 2, 3, 4, 5, 6):
        rng = random.Random(words)
        check([(n % words, addends(rng)) for n in range(100)], words=words, distance=words)


def test_saturates_at_both_ends():
    check([(0, [7, -8])] * 6 + [(0, [-8, 7])] * 6 + [(0, None)], words=1, distance=1)


def test_addend_wider_than_the_state():
    check([(0, [7, -8]), (0, [-8, 7]), (0, None)] * 5, words=1, distance=1, bits=2)
