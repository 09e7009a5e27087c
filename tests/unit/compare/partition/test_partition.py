"""The partition of an exact pair: every placement is priced as if alone, and the best is the least of them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from support.command_line import refused, tospike
from support.exact_pairs import data_of, dense_network, image_network
from support.paths import EXAMPLES

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counters.registers import SharedRegisters, register_bits
from tospike.compare.energy.technology import load_technology
from tospike.compare.partition.options import PartitionOptions
from tospike.compare.partition.placements import count_placements, placements
from tospike.compare.partition.result import Objective, Placed, choose
from tospike.compare.partition.run import partition
from tospike.gen.exact.options import ExactOptions
from tospike.gen.exact.pair import exact_pair
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import InputError
from tospike.sim import accelerator

TECHNOLOGY = "horowitz45"


@pytest.fixture(scope="module", params=["dense", pytest.param("image", marks=pytest.mark.slow)])
def pair(request, tmp_path_factory):
    """A function from options to the prepared SNN of an exact pair, and data."""
    rng = np.random.default_rng(4)
    network = dense_network(rng, (6, 9, 4)) if request.param == "dense" else image_network(rng)
    x = rng.random((30, network.input.inputs)).astype(np.float32)
    data = data_of(x)
    data = replace(data, y=rng.integers(0, network.outputs, len(x)))
    path = tmp_path_factory.mktemp("pair") / "s.nir"
    path.write_bytes(exact_pair(network, data, ExactOptions(steps=6)).snn)
    return lambda **options: prepare(path, data, ModelOptions(**options)), data


def test_every_placement_costs_what_it_costs_alone(pair):
    """Shared runs and shared counts of flip-flops change nothing."""
    make, data = pair
    found = partition(make(), ModelOptions(), data, PartitionOptions())
    snn = make()
    assert len(found.placements) == count_placements(snn.quantized.network) and not found.refused
    for placed in found.placements[:: len(found.placements) - 1]:
        layers = {layer: {"place": place} for layer, place in (each.split("=") for each in placed.place.split(","))}
        design = (prepared := make(layers=layers)).design
        result = accelerator.run(design, prepared.integers(data.x))
        registers = register_bits(design.params)
        energy = counter_energy(
            load_technology(TECHNOLOGY), design.params, result.counters, result.cycles, registers=registers
        )
        assert placed.cycles == pytest.approx(result.cycles.mean())
        assert placed.energy_pj == pytest.approx(energy.total.mean())
        assert placed.area == pytest.approx(energy.area_um2)
        assert placed.accuracy == (result.predictions == data.y).mean()


def test_accuracies_are_equal_and_the_best_is_the_least(pair):
    make, data = pair
    for objective in (Objective.LATENCY, Objective.AREA, Objective.EDP):
        found = partition(make(), ModelOptions(), data, PartitionOptions(objective=objective))
        assert len({placed.accuracy for placed in found.placements}) == 1
        assert found.best == min(found.placements, key=lambda placed: placed.value(objective))
        assert {found.best, found.all_ann, found.all_snn, found.runner_up, found.best_hybrid} <= set(found.placements)
        assert all(ratio >= 1 for ratio in found.margins.values())
        assert "spiking" not in found.all_ann.place
        assert not any(place in found.all_snn.place for place in ("array", "event"))


def test_the_bridge_code_changes_costs_only(pair):
    make, data = pair
    costs = {}
    for code in ("once", "packed"):
        found = partition(make(bridge=code), ModelOptions(bridge=code), data, PartitionOptions())
        costs[code] = {placed.place: placed.cycles for placed in found.placements}
        assert len({placed.accuracy for placed in found.placements}) == 1
    assert any(costs["packed"][place] > costs["once"][place] for place in costs["once"])


def test_placements_are_counted(pair):
    make, _ = pair
    network = make().quantized.network
    assert len(list(placements(network))) == count_placements(network)


def test_shared_registers_are_those_of_each_chain(pair):
    make, _ = pair
    network, shared = make().quantized.network, SharedRegisters()
    for placement in list(placements(network))[::3]:
        layers = {layer: {"place": place} for layer, place in placement.items()}
        params = make(layers=layers).design.params
        assert shared.bits(params) == register_bits(params)


def placed(place, accuracy, cost):
    return Placed(place=place, accuracy=accuracy, cycles=cost, energy_pj=cost, area=cost)


def test_the_loss_is_inclusive():
    ann, hybrid, snn = placed("ann", 0.98, 3.0), placed("hybrid", 0.975, 2.0), placed("snn", 0.97, 1.0)
    several = [(frozenset({False}), ann), (frozenset({False, True}), hybrid), (frozenset({True}), snn)]
    for loss, best, runner_up in ((0.0, ann, None), (0.5, hybrid, ann), (1.0, snn, hybrid)):
        chosen = choose(several, Objective.ENERGY, loss)
        assert (chosen.best, chosen.runner_up) == (best, runner_up)
        assert (chosen.all_ann, chosen.best_hybrid, chosen.all_snn) == (ann, hybrid, snn)


def test_without_a_pure_placement_nothing_is_compared():
    with pytest.raises(InputError, match="no placement can be built"):
        choose([], Objective.ENERGY, 0.0)
    only = [(frozenset({False, True}), placed("hybrid", 0.9, 1.0)), (frozenset({False}), placed("ann", 0.9, 2.0))]
    with pytest.raises(InputError, match="no engines run all layers as an SNN"):
        choose(only, Objective.ENERGY, 0.0)


def test_a_device_leaves_out_what_does_not_fit(pair, monkeypatch):
    make, data = pair
    roomy = partition(make(), ModelOptions(), data, PartitionOptions(device="ecp5-85k"))
    assert not roomy.refused and all(each.cells.lut4 > 0 for each in roomy.placements)
    everything = partition(make(), ModelOptions(), data, PartitionOptions())
    assert [each.place for each in roomy.placements] == [each.place for each in everything.placements]
    assert all(each.cells is None for each in everything.placements)
    tight = partition(make(), ModelOptions(), data, PartitionOptions(device="ice40-up5k"))
    assert tight.refused and len(tight.placements) + len(tight.refused) == len(everything.placements)
    reasons = ("does not fit ice40-up5k: ", "the area of these engines on ice40 is unknown")
    assert all(any(reason in said for reason in reasons) for said in tight.refused.values())
    assert all(each.cells.dsp <= 8 for each in tight.placements) and tight.best in tight.placements
    monkeypatch.setattr("tospike.compare.partition.price.excess", lambda area, device: ["everything"])
    with pytest.raises(InputError, match=r"no placement .* can be built: .*=spiking does not fit ecp5-85k: [\d,]+ of"):
        partition(make(), ModelOptions(), data, PartitionOptions(device="ecp5-85k"))
    with pytest.raises(InputError, match="nowhere"):
        PartitionOptions(device="nowhere")


def test_refused(pair):
    make, data = pair
    with pytest.raises(InputError, match="leave --place out"):
        partition(make(place="array"), ModelOptions(place="array"), data, PartitionOptions())
    with pytest.raises(InputError, match="--objective area needs a --technology of standard cells, not ice40"):
        partition(make(), ModelOptions(), data, PartitionOptions(objective=Objective.AREA, technology="ice40"))


def test_too_many_placements():
    many = dense_network(np.random.default_rng(0), (6,) * 9)
    with pytest.raises(InputError, match=r"'dense' has [\d,]+ placements, and at most 4,096 can be evaluated"):
        next(placements(many))


def test_by_the_command_line(tmp_path):
    model = EXAMPLES / "digits_ann.onnx"
    ran = tospike(
        "partition", model, "--data", "digits", "--samples", 20, "--steps", 4, "--json", "p.json", cwd=tmp_path
    )
    assert ran.returncode == 0 and "best by energy: " in ran.stdout, ran.stderr
    found = json.loads((tmp_path / "p.json").read_text())
    assert len(found["placements"]) == 10
    assert {"place", "accuracy", "cycles", "energy_pj", "area", "cells"} == set(found["placements"][0])
    assert all(found[name] in found["placements"] for name in ("best", "all_ann", "all_snn"))
    snn = EXAMPLES / "digits_snn.nir"
    refused(tospike("partition", snn, "--data", "digits", cwd=tmp_path), "has no ANN side that equals it")


@pytest.mark.slow
def test_the_best_is_verified_in_rtl(pair):
    make, data = pair
    found = partition(make(), ModelOptions(), data, PartitionOptions(rtl_samples=3))
    assert [each.mismatches for each in found.verified] == [0, 0]
