"""The bounds of a search are bounds: of the flip-flops of every design, and so of its energy and area."""

from dataclasses import replace

import numpy as np
import pytest
from recorded.designs import designs
from support.networks import write_networks

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counters.registers import register_bits
from tospike.compare.energy.technology import load_technology
from tospike.compare.search.bound import least_registers
from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import PRIMITIVES, InputError, PrimitiveSet
from tospike.sim.accelerator import run

RECORDED = designs()
CASES = [
    ("a.onnx", {"rows": 1, "cols": 1}),
    ("a.onnx", {"dataflow": "ws", "rows": 3, "cols": 2, "weight_bits": 2, "act_bits": 2}),
    ("a.onnx", {"dataflow": "ws", "rows": 1, "cols": 1}),
    ("a.onnx", {"engine": "event", "lanes": 1}),
    ("a.onnx", {"engine": "event", "lanes": 5, "weight_bits": 2, "act_bits": 2}),
    ("a.onnx", {"engine": "delta", "lanes": 2}),
    ("a.onnx", {"engine": "dataflow", "fold": 1, "weight_bits": 2, "act_bits": 2}),
    ("a.onnx", {"engine": "dataflow", "fold": 5}),
    ("s.nir", {"lanes": 1, "weight_bits": 2}),
    ("s.nir", {"lanes": 64}),
    ("s.nir", {"engine": "register", "encoding": "rate"}),
]


def is_bound(params):
    least, found = least_registers(params), register_bits(params)
    assert least.keys() == found.keys()
    assert all(least[name] <= bits for name, bits in found.items()), (least, found, params)
    return True


@pytest.mark.slow
@pytest.mark.parametrize("name", RECORDED)
def test_recorded_designs_have_more_flip_flops(name):
    assert is_bound(RECORDED[name][0].params)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    write_networks(folder)
    return folder, load_data(f"npz:{folder / 'd.npz'}")


@pytest.mark.parametrize(("file", "given"), CASES)
def test_small_designs_have_more_flip_flops_and_need_more_energy(small, file, given):
    folder, data = small
    technology = load_technology("horowitz45")
    prepared = prepare(folder / file, data, ModelOptions(given))
    params = prepared.design.params
    assert is_bound(params)
    result = run(prepared.design, prepared.integers(data.x))
    least, exact = (
        counter_energy(technology, params, result.counters, result.cycles, registers=registers)
        for registers in (least_registers(params), None)
    )
    assert np.all(least.total < exact.total) and least.area_um2 < exact.area_um2
    # the means of counters give the means of energies
    means = {name: values.mean() for name, values in result.counters.items()}
    of_means = counter_energy(technology, params, means, result.cycles.mean())
    assert of_means.total == pytest.approx(exact.total.mean())


@pytest.mark.parametrize("dataflow", ["os", "ws"])
def test_arrays_with_any_number_of_product_registers(small, dataflow):
    """And of any primitives: their cells have registers that are not counted."""
    folder, data = small
    given = {"dataflow": dataflow, "rows": 1, "cols": 1}
    params = prepare(folder / "a.onnx", data, ModelOptions(given)).design.params
    for primitives in PrimitiveSet:
        low, high = PRIMITIVES[primitives].product_registers
        for registers in range(low, high + 1):
            engines = tuple(
                replace(each, array=replace(each.array, primitives=primitives, product_registers=registers))
                for each in params.engines
            )
            assert is_bound(replace(params, engines=engines))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_random_sizes_of_the_digits_networks_have_more_flip_flops(seed):
    from tospike.compare.study.workload import named

    rng = np.random.default_rng(seed)
    workload = named("digits", ModelOptions())
    data = workload.load()
    for file, spiking in ((workload.ann, False), (workload.snn, True)):
        bits, lanes = rng.integers(2, 9, 2), int(rng.integers(1, 65))
        given = {"weight_bits": int(bits[0]), "lanes": lanes}
        if spiking:
            given["engine"] = str(rng.choice(["event", "register"]))
            given["encoding"] = str(rng.choice(["rate", "direct", "ttfs"]))
        else:
            given |= {"act_bits": int(bits[1]), "rows": int(rng.integers(1, 6)), "cols": int(rng.integers(1, 20))}
            given["engine"] = str(rng.choice(["systolic", "event", "dataflow", "delta"]))
            given |= {"fold": int(rng.integers(8, 3000)), "dataflow": str(rng.choice(["os", "ws"]))}
        try:
            params = prepare(file, data, ModelOptions(given)).design.params
        except InputError:
            continue
        assert is_bound(params)
