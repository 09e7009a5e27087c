"""Networks with convolutions and pools on dataflow engines: what they get, what is refused, what the hardware sends."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from support.accelerator_bench import answers_and_counters
from support.conv_engine import Maker

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.observe import engine_activities
from tospike.compare.energy.technology import load_technology
from tospike.gen.emit.beat_guide import input_guide, output_guide
from tospike.gen.emit.beats import answer_words
from tospike.gen.emit.serialize import decode, encode
from tospike.gen.fold.fit import fit_dataflow, fit_folds
from tospike.gen.fold.objective import Objective
from tospike.gen.fold.shares import time_shares
from tospike.gen.place.options import Engine, PlanOptions, Products
from tospike.gen.place.plan import plan
from tospike.hw.params import DataflowDenseParams, DataflowPoolParams, HostOutput, InputError, IntFormat
from tospike.hw.params.devices import DEVICES
from tospike.sim import accelerator
from tospike.sim.network import InputSpec, Network
from tospike.sim.network.output_order import as_network
from tospike.sim.spiking.window import chain_order

U6 = IntFormat(bits=6, signed=False)
ECP5 = DEVICES["ecp5-85k"]
DATAFLOW = PlanOptions(engine=Engine.DATAFLOW, fold=4096)


def network(maker):
    spec = InputSpec(inputs=int(np.prod(maker.input)), format=maker.act)
    return Network(name="test", input=spec, stages=tuple(maker.stages))


def small(*, seed=0, finer=0):
    """Two channels of 6 x 5: convolution, maximum, convolution, mean, dense."""
    maker = Maker((2, 6, 5), seed=seed, act=U6, weight_bits=4, finer=finer)
    maker.conv(4, (3, 3), padding=(1, 1, 1, 1), pad_value=2).max_pool((2, 2), stride=(2, 2), padding=(0, 0, 0, 1))
    return network(maker.conv(3, (2, 2)).sum_pool((2, 1)).dense(5).logits())


def images(net, count, seed=1):
    return np.random.default_rng(seed).integers(0, U6.max, (count, net.input.inputs), endpoint=True)


@pytest.mark.parametrize("finer", [0, 2])
def test_the_outputs_are_those_of_the_conv_engine(finer):
    net = small(finer=finer)
    x = images(net, 20)
    design = plan(net, DATAFLOW)
    kinds = [DataflowDenseParams, DataflowPoolParams, DataflowDenseParams, DataflowPoolParams, DataflowDenseParams]
    assert [type(engine) for engine in design.params.engines] == kinds
    run = accelerator.run(design, x[:, chain_order((2, 6, 5))])
    assert (run.outputs == accelerator.run(plan(net), x).outputs).all()


@pytest.mark.parametrize(("bits", "fold"), [(None, 2000), (64, 400)])
def test_rtl_equals_golden_in_outputs_cycles_and_counters(bits, fold):
    net = small(seed=2)
    design = plan(net, replace(DATAFLOW, host_bits=bits, fold=fold))
    x = images(net, 3)
    expected = accelerator.run(design, x)
    answers, counters = answers_and_counters(design, x)
    words = [answer_words(design.params, beats) for beats, _ in answers]
    assert (np.array(words, dtype=np.uint32).astype(np.int32) == expected.outputs).all()
    assert [cycles for _, cycles in answers] == expected.cycles.tolist()
    del counters["cycles"]
    assert counters == {name: int(count.sum()) for name, count in expected.counters.items()}


def test_an_image_leaves_position_by_position():
    net = network(Maker((1, 4, 4), act=U6, weight_bits=4).conv(3, (2, 2)).logits())
    x = images(net, 2)
    expected = accelerator.run(plan(net), x).outputs
    for options in (DATAFLOW, replace(DATAFLOW, host_bits=128)):
        design = plan(net, options)
        assert (accelerator.run(design, x).outputs == expected).all()
        answers, _ = answers_and_counters(design, x)
        words = np.array([answer_words(design.params, beats) for beats, _ in answers], dtype=np.uint32)
        assert (as_network(design.params, words.astype(np.int32)) == expected).all()
        assert "sent position by position" in " ".join(output_guide(design.params))
    design = plan(net, replace(DATAFLOW, argmax=True))
    assert design.params.host_output is HostOutput.ARGMAX
    answers, _ = answers_and_counters(design, x)
    assert [word for (word,), _ in answers] == expected.argmax(axis=1).tolist()


def test_the_host_sends_an_image_position_by_position():
    design = plan(small(), replace(DATAFLOW, host_bits=64))
    assert design.params.input.lanes == 10  # whole pixels, in as few beats as ten values of 6 bits
    assert "value (y * 5 + x) * 2 + c is input (c * 6 + y) * 5 + x" in " ".join(input_guide(design.params))
    assert "position by position" in " ".join(input_guide(plan(small(), DATAFLOW).params))
    grey = plan(network(Maker((1, 4, 4), act=U6).conv(3, (2, 2)).logits()), DATAFLOW)
    assert "position by position" not in " ".join(input_guide(grey.params))


def test_folds_of_layers():
    net = small()
    first, pool, _, mean, last = plan(net, DATAFLOW).params.engines
    # 30 windows of 18 x 4; the cheapest array that takes no more than 4,096 cycles
    assert (first.simd, first.pe, first.cycles) == (1, 1, 2160)
    assert (pool.window.lanes, pool.cycles, mean.cycles, last.cycles) == (1, 144, 12, 30)
    layers = {"0": {"fold": 200}, "1": {"fold": 40}}
    first, pool, *_ = plan(net, replace(DATAFLOW, layers=layers)).params.engines
    assert (first.cycles, first.simd * first.pe) == (180, 12)
    assert (pool.window.lanes, pool.cycles) == (4, 36)
    assert decode(encode(first)) == first and decode(encode(pool)) == pool


def test_layers_that_are_refused():
    def refused(maker, message, **options):
        with pytest.raises(InputError, match=message):
            plan(network(maker), replace(DATAFLOW, **options))

    grey, colour = (1, 6, 6), (3, 6, 6)
    way_out = "give --engine systolic, whose conv engine does"
    depthwise = Maker(colour, act=U6).conv(3, (3, 3), groups=3).logits()
    refused(depthwise, f"layer '0' is a depthwise convolution, which no dataflow engine runs: {way_out}")
    residual = Maker(grey, act=U6).conv(1, (1, 1)).add(-1, 0).logits()
    refused(residual, f"dataflow engines run chains of layers, but 'test' branches: {way_out}")
    large = Maker(grey, act=U6).conv(4, (3, 3)).logits()
    refused(large, "layer '0' of 16 windows of 9 x 4 cannot be computed in 47 cycles: give --fold 48 or more", fold=47)
    pooled = Maker(colour, act=U6).max_pool((2, 2)).dense(2).logits()
    message = "layer '0' of 25 windows of 4 x 3 cannot be pooled in 99 cycles behind 4 lanes: give --fold 300 or more"
    refused(pooled, message, fold=99)
    refused(large, "constant weights are for chains of dense layers", products=Products.CONSTANTS)
    refused(large, "dataflow engines have their weights on chip", weights="stream")


@pytest.mark.parametrize("objective", Objective)
def test_folds_fit_a_device(objective):
    net = small()
    device = replace(ECP5, capacity={**ECP5.capacity, "dsp": 40, "lut4": 12_000})
    best = fit_dataflow(net, DATAFLOW, device, objective=objective)
    assert best.area.dsp <= 40 and best.area.lut4 <= 0.9 * 12_000
    design = plan(net, best.refine(DATAFLOW))
    assert [asdict(engine) for engine in design.params.engines] == [asdict(engine) for engine in best.layers.values()]
    assert accelerator.run(design, np.zeros((1, 60), dtype=int)).cycles.tolist() == [best.cycles]
    with pytest.raises(InputError, match="no dataflow engines fit ecp5-85k: the smallest ones need"):
        fit_folds(net, DATAFLOW, replace(ECP5, capacity={**ECP5.capacity, "dsp": 1}), objective=objective)


def test_layers_that_work_together_take_the_same_time():
    shares = time_shares(small(), Objective.LATENCY)
    assert shares["0"] == shares["1"] == 1.0 and all(share <= 1 for share in shares.values())
    assert set(time_shares(small(), Objective.THROUGHPUT).values()) == {1.0}


def test_energy_and_activity():
    net = small()
    design = plan(net, DATAFLOW)
    x = images(net, 3)
    result = accelerator.run(design, x[:, chain_order((2, 6, 5))])
    energy = counter_energy(load_technology("horowitz45"), design.params, result.counters, result.cycles)
    assert (energy.total > 0).all()
    reference = plan(net)
    activities = engine_activities(design, x[:, chain_order((2, 6, 5))], result)
    expected = engine_activities(reference, x, accelerator.run(reference, x))
    for name in ("events", "reached", "sent"):
        found = [getattr(layer, name) for each in activities for layer in each.layers]
        wanted = [getattr(layer, name) for each in expected for layer in each.layers]
        assert np.array_equal(found, wanted)
    for name in ("mac", "compare", "requantize"):
        assert (result.operations[name] == accelerator.run(reference, x).operations[name]).all(), name
