"""Constant weights in logic: by option, or where they fit a device."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from support.unrolled import unrolled as engine_of

from tospike.examples import make_jets
from tospike.gen.area.unrolled import predict
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import generate
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.fold.fit import fit_dataflow
from tospike.gen.fold.objective import Objective
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import Engine, PlanOptions, Products
from tospike.gen.place.plan import plan
from tospike.hw.params import AcceleratorParams, InputError
from tospike.hw.params.devices import DEVICES
from tospike.sim import accelerator
from tospike.synth.flow import synthesize

ECP5 = DEVICES["ecp5-85k"]
DATAFLOW = PlanOptions(engine=Engine.DATAFLOW, host_bits=64)
CONSTANTS = replace(DATAFLOW, products=Products.CONSTANTS)


def chain(sizes, **knobs):
    return AcceleratorParams(name="net", engines=(engine_of(sizes, **knobs),), host_bits=64)


NETWORK = random_design(chain([8, 20, 12, 4], density=0.9, scaled=False), seed=1).network


def smaller(**capacity):
    return replace(ECP5, capacity={**ECP5.capacity, **capacity})


def structures(options):
    return [engine.structure for engine in plan(NETWORK, options).params.engines]


def test_consecutive_layers_share_an_engine():
    first, second, _ = (stage.name for stage in NETWORK.stages)
    assert structures(CONSTANTS) == ["8 x 20, 20 x 12, 12 x 4 unrolled"]
    assert structures(replace(DATAFLOW, layers={first: {"products": Products.CONSTANTS}})) == [
        "8 x 20 unrolled",
        "1 x 1",
        "1 x 1",
    ]
    assert structures(replace(CONSTANTS, layers={second: {"products": Products.MULTIPLIERS}})) == [
        "8 x 20 unrolled",
        "1 x 1",
        "12 x 4 unrolled",
    ]


def test_fewer_registers_between_adders_take_fewer_cycles():
    zeros = np.zeros((1, 8), dtype=int)
    one, two = (accelerator.run(plan(NETWORK, replace(CONSTANTS, adder_levels=n)), zeros).cycles[0] for n in (1, 2))
    assert two < one - 3


def test_the_outputs_are_those_of_multipliers():
    x = random_samples(plan(NETWORK, CONSTANTS), 20, seed=3)
    outputs = accelerator.run(plan(NETWORK, DATAFLOW), x).outputs
    assert (accelerator.run(plan(NETWORK, CONSTANTS), x).outputs == outputs).all()


def test_fit_prefers_constants_and_folds_what_has_no_room_for_them():
    best = fit_dataflow(NETWORK, DATAFLOW, ECP5, objective=Objective.LATENCY)
    design = plan(NETWORK, best.refine(DATAFLOW))
    assert (design.params.engines, best.interval) == ((best.engine,), 2)
    assert accelerator.run(design, np.zeros((1, 8), dtype=int)).cycles.tolist() == [best.cycles]
    assert str(best).startswith(f"8 x 20, 20 x 12, 12 x 4 unrolled on ecp5-85k: {best.cycles} cycles, a sample per 2; ")
    assert asdict(best.area) == best.describe()["area"]

    small = smaller(lut4=best.area.lut4)
    assert "unrolled" not in str(fit_dataflow(NETWORK, DATAFLOW, small, objective=Objective.LATENCY))
    message = f"12 x 4 unrolled does not fit ecp5-85k: it needs {best.area.lut4:,} lut4 of {best.area.lut4:,}: give a"
    with pytest.raises(InputError, match=message):
        fit_dataflow(NETWORK, CONSTANTS, small, objective=Objective.LATENCY)


def test_multipliers_if_they_are_wanted():
    wanted = replace(DATAFLOW, products=Products.MULTIPLIERS)
    assert "unrolled" not in str(fit_dataflow(NETWORK, wanted, ECP5, objective=Objective.THROUGHPUT))
    some = replace(DATAFLOW, layers={NETWORK.stages[0].name: {"products": Products.CONSTANTS}})
    with pytest.raises(InputError, match="--fit chooses folds for all layers, or constant weights for all"):
        fit_dataflow(NETWORK, some, ECP5, objective=Objective.LATENCY)


def test_a_sparse_network_for_jets(tmp_path):
    """16 values of 6 bits in a beat, 5 results in another: 33 cycles, with or without one more in between."""
    make_jets.write(tmp_path, density=0.3, seed=1)
    data = load_data(f"npz:{tmp_path / 'jets.npz'}")
    options = ModelOptions(engine="dataflow", fit="ecp5-85k", host_bits=256)
    prepared = prepare(tmp_path / "jets.onnx", data, options)
    assert (prepared.choices["fit"]["cycles"], prepared.choices["fit"]["interval"]) == (33, 1)
    weights = np.concatenate([stage.dense.weight.ravel() for stage in prepared.design.network.stages])
    assert np.mean(weights == 0) >= 0.69


@pytest.mark.slow
@pytest.mark.parametrize(
    "params", [chain([16, 24, 8], weight_bits=6), chain([12, 12, 12, 4], weight_bits=8, dsps=12, density=0.3)]
)
def test_area_is_near_what_synthesis_finds(tmp_path, params):
    design = random_design(params, seed=1)
    samples = random_samples(design, 2, seed=1)
    folder = generate(tmp_path / "d", kind="test", params=params, design=design, choices={}, samples=samples)
    found = synthesize(folder.path).resources
    predicted = asdict(predict(params.engines[0], pack(design)[0], ECP5.family))
    assert (found["dsp"], found["bram"]) == (predicted["dsp"], predicted["bram"])
    assert predicted["lut4"] == pytest.approx(found["lut4"] + 2 * found["carry"] + 6 * found["lutram"], rel=0.15)
    assert predicted["ff"] == pytest.approx(found["ff"], rel=0.15)
