"""Lanes chosen for a device: as many as it has room for, where the work is; the prediction is near to synthesis."""

from dataclasses import replace

import numpy as np
import pytest

from tospike.compare.study.workload import named
from tospike.gen.area.spiking import predict
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import generate
from tospike.gen.fit.auto_lanes import fit_lanes
from tospike.gen.fit.fit import excess
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import FIT_SAMPLES, prepare
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.params import InputError, SpikingParams
from tospike.hw.params.devices import DEVICES
from tospike.sim.accelerator import run
from tospike.synth.flow import synthesize

DIGITS = named("digits", ModelOptions())
ECP5, UP5K = DEVICES["ecp5-85k"], DEVICES["ice40-up5k"]


@pytest.fixture(scope="module")
def data():
    return load_data("digits")


@pytest.fixture(scope="module")
def default(data):
    """The digits SNN with 8 lanes."""
    return prepare(DIGITS.snn, data, ModelOptions())


@pytest.fixture(scope="module")
def samples(data, default):
    return default.integers(data.train_x[:FIT_SAMPLES])


def smaller(device, **capacity):
    return replace(device, capacity={**device.capacity, **capacity})


def engines(design):
    return [engine for engine in design.params.engines if isinstance(engine, SpikingParams)]


def test_a_large_device_gets_a_lane_for_each_neuron(data, default, samples):
    prepared = prepare(DIGITS.snn, data, ModelOptions(fit="ecp5-85k"))
    assert all(engine.words == 1 for engine in engines(prepared.design))
    described = prepared.choices["fit"]
    assert described["lanes"] == {
        stage.name: engine.lanes
        for stage, engine in zip(prepared.quantized.network.stages, engines(prepared.design), strict=True)
    }
    cycles = run(prepared.design, samples).cycles.mean()
    assert described["cycles"] == cycles < run(default.design, samples).cycles.mean()
    assert described["samples"] == len(samples) == FIT_SAMPLES
    x = samples[:4]
    assert np.array_equal(run(prepared.design, x).outputs, run(default.design, x).outputs)


def test_more_room_is_never_slower_and_always_kept(default, samples):
    network, cycles = default.quantized.network, []
    for lut4 in (3000, 4000, 6000, 9000):
        device = smaller(ECP5, lut4=lut4)
        found = fit_lanes(network, PlanOptions(), device, samples)
        design = plan(network, found.refine(PlanOptions()))
        assert found.area == predict(design.params, device.family) and not excess(found.area, device)
        assert [engine.lanes for engine in engines(design)] == list(found.lanes.values())
        cycles.append(found.cycles)
    assert cycles == sorted(cycles, reverse=True) and cycles[0] > cycles[-1]


def test_the_busiest_engine_is_widened_first(default, samples):
    found = fit_lanes(default.quantized.network, PlanOptions(), smaller(ECP5, lut4=3000), samples)
    hidden, last = found.lanes.values()
    assert hidden > last  # 64 inputs and 32 neurons, against 32 inputs and 10 neurons


def test_options_of_layers_are_kept(default, samples):
    name = default.quantized.network.stages[0].name
    options = PlanOptions(layers={name: {"update": "active"}})
    assert fit_lanes(default.quantized.network, PlanOptions(), ECP5, samples).refine(options).layers[name] == {
        "update": "active",
        "lanes": 32,
    }


def test_what_does_not_fit_is_refused_with_the_numbers(data, default, samples):
    with pytest.raises(InputError, match=r"no event engines fit ecp5-85k: with a lane each they need \d+ bram of 0"):
        fit_lanes(default.quantized.network, PlanOptions(), smaller(ECP5, bram=0), samples)
    with pytest.raises(InputError, match="--fit chooses the lanes of an SNN: leave --lanes out, or --fit"):
        _ = prepare(DIGITS.snn, data, ModelOptions(fit="ecp5-85k", lanes=4)).design
    registers = PlanOptions(engine=Engine.REGISTER)
    with pytest.raises(InputError, match="--fit chooses the lanes of event engines, and 'digits_snn' has none"):
        fit_lanes(default.quantized.network, registers, ECP5, samples)


@pytest.mark.slow
@pytest.mark.parametrize("lut4", [3000, 9000])
def test_prediction_is_near_to_synthesis(default, samples, tmp_path, lut4):
    network = default.quantized.network
    found = fit_lanes(network, PlanOptions(), smaller(ECP5, lut4=lut4), samples)
    generate(tmp_path / "design", plan(network, found.refine(PlanOptions())))
    report = synthesize(tmp_path / "design")
    measured = report.resources
    lut4 = measured["lut4"] + 2 * measured["carry"] + 6 * measured["lutram"]
    assert found.area.lut4 == pytest.approx(lut4, rel=0.15)
    assert found.area.ff == pytest.approx(measured["ff"], rel=0.15)
    assert abs(found.area.bram - measured["bram"]) <= 1 and found.area.dsp == measured["dsp"]
