"""Event engines of several groups of lanes: RTL against golden model, every token, every counter, every cycle.

Groups of two lanes stand for those of sixteen, so that small engines have several.
"""

import random

import numpy as np
import pytest
from support.chains import check_chain, random_chain
from support.event_engine import check, random_case
from support.stream_bench import END, TICK, as_token, receive, send, simulate, value
from support.window_cases import random_window_case

from tospike.hw.params import IfParams, IntFormat, NeuronUpdate, Reset, SpikingParams, TokenFormat
from tospike.hw.params.engines import event
from tospike.hw.spiking.lane_group import groups_of_lanes
from tospike.hw.spiking.sections import SectionedSerializer

U4 = IntFormat(bits=4, signed=False)


@pytest.fixture
def small_groups(monkeypatch):
    monkeypatch.setattr(event, "GROUP_LANES", 2)


@pytest.mark.parametrize(("lanes", "sizes"), [(1, [1]), (16, [16]), (17, [9, 8]), (40, [14, 14, 12]), (64, [16] * 4)])
def test_groups_of_lanes(lanes, sizes):
    groups = groups_of_lanes(SpikingParams(inputs=1, neurons=64, lanes=lanes))
    assert [len(group) for group in groups] == sizes
    assert [lane for group in groups for lane in group] == list(range(lanes))


def test_lanes_that_list_words_stay_together():
    neuron = IfParams(reset=Reset.SUBTRACT)
    params = SpikingParams(inputs=1, neurons=64, lanes=64, neuron=neuron, update=NeuronUpdate.ACTIVE)
    assert params.lists_words
    assert params.lane_groups == 1


@pytest.mark.parametrize("seed", range(8))
def test_engine_equals_golden_model(small_groups, seed):
    rng = np.random.default_rng(seed)
    check(*random_case(rng, lanes=int(rng.integers(3, 10)), neurons=int(rng.integers(1, 40))), stall=0.3, seed=seed)


@pytest.mark.parametrize("seed", range(6))
def test_windows(small_groups, seed):
    check(*random_window_case(np.random.default_rng(seed)), stall=0.3, seed=seed)


@pytest.mark.parametrize("seed", range(6))
def test_cycles_of_chains(small_groups, seed):
    check_chain(*random_chain(np.random.default_rng(seed)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 200))
def test_many_chains(small_groups, seed):
    check_chain(*random_chain(np.random.default_rng(seed)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_more_than_sixteen_lanes(seed):
    rng = np.random.default_rng(seed)
    check(*random_case(rng, lanes=int(rng.integers(17, 65)), neurons=int(rng.integers(1, 150))), stall=0.3, seed=seed)


@pytest.mark.parametrize(("lanes", "size", "ragged"), [(8, 2, False), (7, 3, False), (5, 2, True)])
def test_sections(lanes, size, ragged):
    rng = random.Random(lanes)
    words = [
        {
            "word": rng.randrange(3) * (lanes if ragged else 1),
            "values": [rng.choice([0, 0, 0, rng.randint(1, 15)]) for _ in range(lanes)],
            "tick": rng.random() < 0.3,
            "end": 0,
        }
        for _ in range(60)
    ]
    words = [word if any(word["values"]) else word | {"tick": 0, "end": 1} for word in words]
    expected = []
    for word in words:
        base = word["word"] * (1 if ragged else lanes)
        expected += [value(base + lane, v) for lane, v in enumerate(word["values"]) if v]
        expected += [TICK] * word["tick"] + [END] * word["end"]
    dut = SectionedSerializer(TokenFormat(addresses=3 * lanes, payload=U4), lanes=lanes, size=size, ragged=ragged)

    async def producer(ctx):
        await send(ctx, dut.i, words, stall=0.2)

    async def consumer(ctx):
        return await receive(ctx, dut.o, len(expected), stall=0.3, convert=as_token)

    assert simulate(dut, producer, consumer)[1] == expected
