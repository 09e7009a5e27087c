"""Layers on dataflow engines: what folding they get, by hand or for a device."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from support.dataflow import chain, layer
from support.dense_networks import network
from support.windows import convolution, pool, window

from tospike.compare.study.workload import named
from tospike.gen.area.dataflow import predict
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import generate
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.fold.fit import fit_folds
from tospike.gen.fold.folding import cheapest_fold, folds
from tospike.gen.fold.objective import Objective
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.params import (
    DataflowDenseParams,
    InputError,
    IntFormat,
    ceil_div,
)
from tospike.hw.params.devices import DEVICES
from tospike.sim import accelerator
from tospike.synth.flow import synthesize
from tospike.tb.replay.replay import replay
from tospike.tb.verify import verify

U2 = IntFormat(bits=2, signed=False)
U8 = {"act": IntFormat(bits=8, signed=False), "weight_bits": 8, "clamp": (0, 255)}
ECP5 = DEVICES["ecp5-85k"]
DIGITS = named("digits", ModelOptions())
DATAFLOW = PlanOptions(engine=Engine.DATAFLOW)


def smaller(**capacity):
    return replace(ECP5, capacity={**ECP5.capacity, **capacity})


def test_every_folding_makes_an_engine():
    for lanes in (1, 3, 4):
        for fold in folds(13, 10, input_lanes=lanes):
            params = layer(13, 10, fold.simd, fold.pe, input_lanes=lanes, output_lanes=fold.output_lanes)
            assert params.fold == fold.cycles
            if fold.output_lanes > 1:  # one lane fewer would be too few
                fewer = max(n for n in range(1, fold.output_lanes) if fold.pe % n == 0)
                with pytest.raises(InputError, match="give more output lanes"):
                    replace(params, output_lanes=fewer)


@pytest.mark.parametrize("cycles", [1, 5, 13, 40, 129, 130])
def test_no_folding_that_is_fast_enough_has_fewer_products(cycles):
    best = cheapest_fold(13, 10, input_lanes=4, cycles=cycles, name="fc")
    assert best.cycles <= cycles
    for simd in (1, 2, 4, 8, 12, 16):
        for pe in range(1, 11):
            if ceil_div(13, simd) * ceil_div(10, pe) <= cycles:
                assert best.simd * best.pe <= simd * pe


def test_the_whole_layer_at_once_and_what_is_too_much():
    assert cheapest_fold(16, 64, input_lanes=4, cycles=1, name="fc").cycles == 1
    with pytest.raises(
        InputError, match="layer 'fc' of 784 x 64 cannot be computed in 7 cycles: give --fold 25 or more"
    ):
        cheapest_fold(784, 64, input_lanes=4, cycles=7, name="fc")


def test_options_of_the_network_and_of_its_layers():
    net = network(12, 8, 5)
    names = [stage.name for stage in net.stages]
    first, second = plan(net, replace(DATAFLOW, fold=24)).params.engines
    assert (first.fold, first.products, second.fold) == (24, 4, 20)
    assert (first.dsps, second.dsps) == (4, 2)
    layers = {names[0]: {"fold": 96}, names[1]: {"dsp_products": 1}}
    first, second = plan(net, replace(DATAFLOW, fold=24, layers=layers)).params.engines
    assert (first.fold, second.fold, second.dsps) == (96, 20, 1)


def test_packed_beats_have_the_fewest_values_with_which_there_are_no_more():
    for inputs, lanes in ((784, 32), (40, 20), (5, 5)):  # of 32 bytes
        params = plan(network(inputs, 8, 5), replace(DATAFLOW, host_bits=256)).params
        assert (params.input.lanes, params.host_bits) == (lanes, 256)
    assert plan(network(784, 5, bits=4), replace(DATAFLOW, host_bits=64)).params.input.lanes == 16


@pytest.mark.slow
def test_a_generated_design_with_packed_streams_passes_its_benches(tmp_path):
    net = network(40, 24, 10)
    design = plan(net, replace(DATAFLOW, fold=96, host_bits=128))
    x = random_samples(design, 3, seed=2)
    folder = generate(tmp_path / "d", kind="test", params=design.params, design=design, choices={}, samples=x)
    assert [result.message for result in verify(folder.path) if not result.passed] == []
    expected = accelerator.run(design, x)
    found = replay(folder.load(), design.params, x)
    assert (found.outputs == expected.outputs).all() and (found.cycles == expected.cycles).all()


def test_the_outputs_are_those_of_the_systolic_engine():
    net = network(12, 8, 5)
    x = np.random.default_rng(1).integers(0, 256, (20, 12))
    expected = accelerator.run(plan(net), x).outputs
    assert (accelerator.run(plan(net, DATAFLOW), x).outputs == expected).all()


@pytest.mark.parametrize("objective", Objective)
def test_folds_fit_and_fewer_cycles_would_not(objective):
    net, device = network(40, 24, 16, 10), smaller(dsp=40, lut4=9000)
    best = fit_folds(net, DATAFLOW, device, objective=objective)
    assert best.area.dsp <= 40 and best.area.lut4 <= 0.9 * 9000
    design = plan(net, best.refine(DATAFLOW))
    assert [asdict(engine) for engine in design.params.engines] == [asdict(engine) for engine in best.layers.values()]
    cycles = accelerator.run(design, np.zeros((1, 40), dtype=int)).cycles
    assert cycles.tolist() == [best.cycles]
    larger = fit_folds(net, DATAFLOW, smaller(dsp=80, lut4=18000), objective=objective)
    assert larger.interval < best.interval and larger.cycles < best.cycles


def test_each_objective_is_met_best_by_its_own_folds():
    net, device = network(64, 64, 8, 8), smaller(dsp=24, lut4=6000)
    latency, throughput = (fit_folds(net, DATAFLOW, device, objective=objective) for objective in Objective)
    assert latency.cycles < throughput.cycles
    assert throughput.interval < latency.interval


def test_what_cannot_fit_is_refused_with_the_numbers():
    message = "no dataflow engines fit ecp5-85k: the smallest ones need .* bram of 1: give --engine systolic"
    with pytest.raises(InputError, match=message):
        fit_folds(network(784, 64, 10), DATAFLOW, smaller(bram=1), objective=Objective.LATENCY)


def test_options_from_the_command_line():
    data = load_data("digits")
    prepared = prepare(DIGITS.ann, data, ModelOptions(engine="dataflow", fit="ecp5-85k", products="multipliers"))
    fitted = prepared.choices["fit"]
    x = np.zeros((1, 64), dtype=int)
    assert fitted["cycles"] == accelerator.run(prepared.design, x).cycles[0]
    assert fitted["interval"] == 16  # beats of the host's input
    with pytest.raises(InputError, match="--fit chooses the array: leave --fold out, or --fit"):
        prepare(DIGITS.ann, data, ModelOptions(engine="dataflow", fit="ecp5-85k", fold=4))
    with pytest.raises(InputError, match="dataflow engines have their weights on chip: give --weights memory"):
        _ = prepare(DIGITS.ann, data, ModelOptions(engine="dataflow", weights="stream")).design
    assert all(isinstance(engine, DataflowDenseParams) for engine in prepared.design.params.engines)


@pytest.mark.slow
@pytest.mark.parametrize(
    "layers",
    [
        (convolution(window((1, 28, 28), (5, 5), all_rows=True), 20, 5, input_lanes=4, acc_bits=22, **U8),),
        (
            convolution(
                window((4, 12, 12), (3, 3), padding=(1, 1, 1, 1), lanes=4), 16, 4, input_lanes=4, acc_bits=24, **U8
            ),
            pool(
                window((16, 12, 12), (2, 2), stride=(2, 2)), maximum=False, act=U8["act"], acc_bits=14, clamp=(0, 255)
            ),
        ),
    ],
)
def test_area_of_convolutions_is_near_what_synthesis_finds(tmp_path, layers):
    found, predicted = areas(tmp_path, layers)
    assert predicted["lut4"] == pytest.approx(found["lut4"] + 2 * found["carry"] + 6 * found["lutram"], rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "layers",
    [
        (layer(64, 32, 32, 1, act=IntFormat(bits=8, signed=False), weight_bits=8, acc_bits=21, dsp_products=8),),
        (layer(128, 32, 64, 4, act=U2, weight_bits=2, acc_bits=13, clamp=(0, 3), shift=18, output_lanes=2),),
        (layer(64, 32, 8, 2), layer(32, 10, 4, 1, input_lanes=1, last=True, dsp_products=0)),
    ],
)
def test_area_is_near_what_synthesis_finds(tmp_path, layers):
    found, predicted = areas(tmp_path, layers)
    assert predicted["lut4"] == pytest.approx(found["lut4"] + 2 * found["carry"] + 6 * found["lutram"], rel=0.15)
    assert predicted["ff"] == pytest.approx(found["ff"], rel=0.15)


def areas(tmp_path, layers):
    """(found, predicted) resources of layers, whose DSP blocks and block RAMs must be equal."""
    params = chain(*layers)
    design = random_design(params, seed=1)
    samples = random_samples(design, 2, seed=1)
    folder = generate(tmp_path / "d", kind="test", params=params, design=design, choices={}, samples=samples)
    found = synthesize(folder.path).resources
    predicted = asdict(predict(layers, ECP5.family))
    assert (found["dsp"], found["bram"]) == (predicted["dsp"], predicted["bram"])
    return found, predicted
