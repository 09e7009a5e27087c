"""A search of two small networks: it finds what pricing every design finds, whatever the number of processes."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
from support.networks import write_networks

from tospike.compare.energy.technology import load_technology
from tospike.compare.plain import from_plain, to_plain
from tospike.compare.report.design import KINDS
from tospike.compare.search import space
from tospike.compare.search.choose import cheapest
from tospike.compare.search.costs import SearchObjective
from tospike.compare.search.measure import SearchPoint, _designs, price, run_function
from tospike.compare.search.options import SearchOptions
from tospike.compare.search.run import search
from tospike.compare.search.setting import Part, Setting, unpack_setting
from tospike.compare.search.shape import _PARTS
from tospike.compare.search.space import Function, functions, hardware
from tospike.compare.search.split import split_validation
from tospike.compare.search.trained import trained_networks
from tospike.compare.study import engines
from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.tools.cache import Cache
from tospike.hw.params import Encoding, InputError
from tospike.hw.params.devices import find_device

FEW = {
    "array": space.EngineAxes(side="ann", chosen_by={"engine": "systolic", "dataflow": "os"}, axes={"cols": (1, 3)}),
    "event": space.EngineAxes(side="ann", chosen_by={"engine": "event"}, axes={"lanes": (1, 4)}),
    "spiking": space.EngineAxes(side="snn", chosen_by={"engine": "event"}, axes={"lanes": (1, 4)}),
    "register": space.EngineAxes(side="snn", chosen_by={"engine": "register"}, axes={}),
}


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    write_networks(folder)
    validation, test = split_validation(load_data(f"npz:{folder / 'd.npz'}"), 100)
    options = {side: ModelOptions(steps=4).of_kind(spiking=side == "snn") for side in KINDS}
    fixed = {"ann": ModelOptions(weight_bits=8), "snn": ModelOptions(weight_bits=8, steps=4)}
    return Setting(
        networks={"ann": trained_networks([folder / "a.onnx"]), "snn": trained_networks([folder / "s.nir"])},
        options=options,
        fixed=fixed,
        parts=(Part(validation=validation, test=test),),
        technologies=(load_technology("horowitz45"), load_technology("osu018")),
    )


@pytest.fixture(autouse=True)
def few_engines(monkeypatch):
    monkeypatch.setattr(space, "ENGINES", FEW)
    monkeypatch.setattr(space, "ACT_BITS", (4,))
    monkeypatch.setattr(space, "CODES", (Encoding.DIRECT, Encoding.RATE))


def searched(setting, cache, **given):
    more = {"minutes": given.pop("minutes", 60.0), "finalists": given.pop("finalists", 1), "device": None}
    return search(setting, SearchOptions(jobs=1, **given), cache=cache, **more)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return Cache(root=tmp_path_factory.mktemp("cache"))


def every(setting, tmp_path):
    """All designs with their exact costs."""
    file = setting.save(tmp_path)
    found = []
    for side in KINDS:
        grid = functions(side, 0, setting.prepared(Function(side=side, network=0)), setting.fixed[side])
        for function in grid:
            for each in run_function(file, None, function).hardware:
                point = SearchPoint(function=function, hardware=each.choice)
                found.append((point, each, price(file, point)))
    return found


def test_it_finds_what_pricing_every_design_finds(setting, cache, tmp_path):
    result = searched(setting, cache)
    all_designs = every(setting, tmp_path)
    assert result.points == len(all_designs) == len(result.designs) + result.pruned and result.pruned > 0
    assert result.proven and result.left == result.functions_left == result.over_budget == 0
    objective = SearchObjective.ENERGY
    for side in KINDS:
        functions_of = {found.point.function: found.eligible for found in result.designs}
        own = [
            (point, priced.validation.value(objective))
            for point, _, priced in all_designs
            if point.function.side == side and functions_of.get(point.function)
        ]
        (best,) = cheapest(own)
        assert best in [found.point for found in result.designs]
    for point, bounded, priced in all_designs:
        assert bounded.least.energy_pj < priced.validation.energy_pj
        assert bounded.least.cycles == priced.validation.cycles
        assert all(found.priced == priced for found in result.designs if found.point == point)


def test_costs_are_means_over_seeds(setting, tmp_path):
    """Two copies of a network cost what one costs; of two different networks, the mean."""
    first, other = (setting.networks["snn"][0].first, tmp_path / "b.nir")
    write_networks(tmp_path, seed=5)
    (tmp_path / "s.nir").rename(other)
    runs, prices = [], []
    for files in ([first], [first, first], [other], [first, other]):
        copies = [tmp_path / f"{len(runs)}.seed{number}.nir" for number in range(len(files))]
        for copy, path in zip(copies, files, strict=True):
            copy.write_bytes(path.read_bytes())
        networks = {**setting.networks, "snn": trained_networks(copies)}
        file = replace(setting, networks=networks).save(tmp_path)
        function = Function(side="snn", network=0)
        runs.append(run_function(file, None, function))
        prices.append(price(file, SearchPoint(function=function, hardware=runs[-1].hardware[0].choice)))
    assert [len(run.answers) for run in runs] == [1, 2, 1, 2]
    assert [each.choice for each in runs[1].hardware] == [each.choice for each in runs[0].hardware]
    for part in ("validation", "test"):  # means of two equal numbers, but for rounding
        assert asdict(getattr(prices[1], part)) == pytest.approx(asdict(getattr(prices[0], part)))
    assert runs[3].accuracy == pytest.approx((runs[0].accuracy + runs[2].accuracy) / 2)
    for cost in ("cycles", "interval"):
        own = [getattr(each.test, cost) for each in prices]
        assert own[3] == pytest.approx((own[0] + own[2]) / 2)
    ends = sorted((prices[0].test.energy_pj, prices[2].test.energy_pj))
    assert ends[0] < prices[3].test.energy_pj < ends[1]


def test_folds_are_tested_on_all_samples_together(setting, tmp_path):
    first = setting.networks["snn"][0].first
    (tmp_path / "s.nir").write_bytes(first.read_bytes())
    (tmp_path / "s.fold1.nir").write_bytes(first.read_bytes())
    part = setting.parts[0]
    swapped = Part(validation=replace(part.test, train_x=part.validation.train_x), test=part.validation)
    networks = {"ann": setting.networks["ann"], "snn": trained_networks(tmp_path.glob("s*.nir"))}
    file = replace(setting, networks=networks, parts=(swapped, part)).save(tmp_path)
    function = Function(side="snn", network=0)
    run = run_function(file, None, function)
    assert [len(row) for row in run.answers] == [30]
    priced = price(file, SearchPoint(function=function, hardware=run.hardware[0].choice))
    assert priced.validation_accuracy == run.accuracy == priced.accuracy, "the parts change roles"
    assert priced.validation == priced.test


def test_processes_and_the_cache_change_nothing(setting, cache, tmp_path):
    first = searched(setting, cache)
    again = searched(setting, Cache(root=tmp_path))
    assert replace_time(again) == replace_time(first)


def replace_time(result):
    return replace(result, seconds=0.0)


@pytest.mark.parametrize("objective", ["latency", "area", "edp", "throughput"])
def test_every_objective_has_its_best(setting, cache, objective):
    result = searched(setting, cache, objective=SearchObjective(objective))
    for side in KINDS:
        best, *others = result.cheapest(side, 100)
        value = best.priced.test.value(result.objective)
        assert all(other.priced.test.value(result.objective) >= value for other in others)


def test_when_time_is_up_both_sides_have_a_candidate(setting, cache, monkeypatch):
    monkeypatch.setattr("tospike.compare.search.options.GROUP", 2)
    result = searched(setting, cache, minutes=1e-9)
    assert all(result.cheapest(side, 1) for side in KINDS)
    assert result.functions_left > 0 and not result.proven


def test_budgets_leave_designs_out(setting, cache):
    whole = searched(setting, cache)
    cycles = [min(found.hardware.least.cycles for found in whole.cheapest(side, 100)) for side in KINDS]
    most, mhz = max(cycles), setting.technologies[0].clock.mhz
    fast = searched(setting, cache, latency=most / mhz)
    assert fast.over_budget > 0 and all(found.hardware.least.cycles <= most for found in fast.designs)
    with pytest.raises(InputError, match="no ANN is within the budget: give a larger one"):
        searched(setting, cache, latency=1e-9)


def test_a_target_that_no_network_reaches_is_refused(setting, cache):
    part = setting.validation
    validation = replace(part, y=(part.y + 1) % 3)
    wrong = replace(setting, parts=(Part(validation=validation, test=setting.test),))
    with pytest.raises(InputError, match=r"no ANN within the budget reaches --accuracy 0\.9 on validation, the best"):
        searched(wrong, cache, accuracy=0.9)


def test_a_device_is_a_budget_of_predicted_area(setting, cache):
    options = SearchOptions(jobs=1, device="ice40-up5k", dsp=2)
    found = search(setting, options, minutes=60, finalists=1, device=find_device("ice40-up5k"), cache=cache)
    assert all(each.hardware.area.dsp <= 2 for each in found.designs)
    assert {each.hardware.shape.engine for each in found.designs} == {"systolic-os", "spiking", "register"}


def test_options_of_the_user_are_not_varied(setting):
    fixed = ModelOptions(engine="event", lanes=4, act_bits=8, weight_bits=8)
    assert list(hardware("ann", fixed)) == [(("engine", "event"),)]
    prepared = setting.prepared(Function(side="ann", network=0))
    assert [each.given for each in functions("ann", 0, prepared, fixed)] == [()]


def test_every_engine_that_runs_layers_has_a_shape():
    assert set(_PARTS) == set(engines.ENGINES)


def test_designs_receive_their_own_order_of_an_image(setting, monkeypatch):
    """A replanned design takes the samples as if it had been prepared with its options."""
    function = Function(side="ann", network=0)
    dataflow = space.EngineAxes(side="ann", chosen_by={"engine": "dataflow"}, axes={"fold": (5, 30)})
    monkeypatch.setattr(space, "ENGINES", {**FEW, "dataflow": dataflow})
    base = setting.prepared(function)
    ((path, part),) = setting.trainings(function)[0]
    for choice, prepared, design in _designs(setting, function, base, path, part):
        alone = setting.prepared(function, choice)
        assert alone.design.params == design.params
        assert (alone.integers(setting.test.x) == prepared.integers(setting.test.x)).all()


def test_a_setting_on_another_machine_is_the_same(setting, tmp_path):
    file = setting.save(tmp_path)
    there = unpack_setting(file)
    assert there.digest == setting.digest
    files = {side: network[0].files for side, network in there.networks.items()}
    assert files["ann"] != setting.networks["ann"][0].files and files["ann"][0][0].is_relative_to(tmp_path)
    assert [row[0].suffix for own in files.values() for row in own] == [".onnx", ".nir"]


@pytest.mark.slow
def test_a_cluster_finds_the_same(setting, tmp_path, monkeypatch):
    """The workers are threads here: they know the few engines, and have a folder of their own."""
    distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    expected = searched(setting, Cache(root=tmp_path / "here"))
    here = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: "setting-" not in path.name and here(path))
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:
        found = searched(setting, Cache(root=tmp_path / "there"), scheduler=cluster.scheduler_address)
    assert found.proven and found.cheapest("ann", 1)[0].point == expected.cheapest("ann", 1)[0].point
    assert found.cheapest("snn", 1)[0].priced == expected.cheapest("snn", 1)[0].priced


def test_a_search_without_its_cluster_is_refused(setting, cache):
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    with pytest.raises(InputError, match="no Dask scheduler answers at nowhere"):
        searched(setting, cache, scheduler="nowhere")


def test_choices_are_read_as_they_were():
    """A cache of results gives true and 1 back as they are, although they are equal."""
    given = (("clock_gating", True), ("lanes", 1), ("engine", "event"))
    again = from_plain(Function, to_plain(Function(side="snn", network=0, given=given)), "it").given
    assert [(name, type(value), value) for name, value in again] == [(n, type(value), value) for n, value in given]
