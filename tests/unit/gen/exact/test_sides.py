"""Hybrids: every placement of an exact pair's layers computes the same, in the golden model and in RTL."""

from functools import partial
from itertools import pairwise, product

import numpy as np
import pytest
from support.accelerator_bench import answers_and_counters
from support.command_line import refused, tospike
from support.exact_pairs import data_of, dense_network, image_network, pooled_network
from support.paths import EXAMPLES

from tospike.compare.energy.observe import engine_activities
from tospike.gen.exact.options import ExactOptions
from tospike.gen.exact.pair import exact_pair
from tospike.gen.options.layers import parse_by_layer
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import Place
from tospike.hw.params import InputError, SpikeCode
from tospike.sim import accelerator
from tospike.sim.cycles.back_to_back import back_to_back
from tospike.sim.network import Activation, AveragePool2d, Conv2d, Dense, InputSpec, Network, Stage, Window

LAST = [place for place in Place if place is not Place.GRADED]
CONV = [place for place in Place if place is not Place.EVENT]
CODES = (SpikeCode.ONCE, SpikeCode.PACKED, SpikeCode.EVEN)


class Pair:
    """An exact pair in files, with data of the same range and beyond."""

    def __init__(self, folder, network, rng, *, steps):
        inputs = network.input.inputs
        self.names = [stage.name for stage in network.stages if "pool" not in stage.name]
        self.x, self.folder = rng.random((40, inputs)).astype(np.float32), folder
        self.data = data_of(self.x)
        self.samples = np.concatenate([self.x[:20], 3 * rng.random((20, inputs)), np.zeros((1, inputs))])
        pair = exact_pair(network, self.data, ExactOptions(steps=steps))
        for name, content in (("pair.onnx", pair.ann), ("pair.nir", pair.snn)):
            (folder / name).write_bytes(content)

    def prepared(self, places, file="pair.nir", **options):
        layers = {name: {"place": place} for name, place in zip(self.names, places, strict=True) if place}
        return prepare(self.folder / file, self.data, ModelOptions(options, layers=layers))

    def outputs(self, prepared):
        return accelerator.run(prepared.design, prepared.integers(self.samples)).outputs


def dense_pair(folder, sizes=(6, 9, 7, 4), steps=5):
    rng = np.random.default_rng(sum(sizes) + steps)
    return Pair(folder, dense_network(rng, sizes), rng, steps=steps)


def image_pair(folder):
    rng = np.random.default_rng(4)
    return Pair(folder, image_network(rng), rng, steps=6)


def pooled_pair(folder):
    rng = np.random.default_rng(8)
    return Pair(folder, pooled_network(rng), rng, steps=4)


def check_all(pair, placements):
    ann = pair.prepared([None] * len(pair.names), "pair.onnx")
    expected = pair.outputs(ann)
    assert len(np.unique(expected, axis=0)) > 1
    for places in map(list, placements):
        becomes_spikes = any(not place.spikes and after.spikes for place, after in pairwise(places))
        for code in CODES if becomes_spikes else CODES[:1]:
            assert np.array_equal(pair.outputs(pair.prepared(places, bridge=code)), expected), (places, code)


@pytest.mark.parametrize("steps", [pytest.param(1, marks=pytest.mark.slow), 5])
def test_every_placement_of_dense_layers(tmp_path, steps):
    check_all(dense_pair(tmp_path, steps=steps), product(Place, Place, LAST))


def test_every_placement_of_images(tmp_path):
    check_all(image_pair(tmp_path), product(CONV, CONV, LAST))


def test_every_placement_of_images_with_pools(tmp_path):
    """An array sums the tiles of a pool first; the pair's own ANN has larger kernels instead."""
    pair = pooled_pair(tmp_path)
    check_all(pair, product(CONV, CONV, LAST))
    engine = pair.prepared(["array"] * 3).design.params.engines[0]
    alone = pair.prepared([None] * 3, "pair.onnx").design.params.engines[0]
    assert macs(engine) < 0.6 * macs(alone)


def test_every_placement_behind_a_pool_of_the_input(tmp_path):
    """The sum of a tile of 8-bit values is wider than activations: an array has the larger kernel."""
    rng = np.random.default_rng(9)
    pool = AveragePool2d(shape=(1, 8, 8), window=Window(kernel=(2, 2), stride=(2, 2)))
    conv = Conv2d(shape=pool.output_shape, weight=rng.normal(size=(3, 1, 3, 3)), bias=rng.normal(size=3))
    dense = Dense(weight=rng.normal(size=(4, conv.outputs)), bias=rng.normal(size=4))
    stages = (
        Stage(name="pool", synapses=pool, neuron=Activation(relu=False)),
        Stage(name="conv", synapses=conv, neuron=Activation(relu=True)),
        Stage(name="fc", synapses=dense, neuron=Activation(relu=False)),
    )
    network = Network(name="behind", input=InputSpec(inputs=64), stages=stages)
    check_all(Pair(tmp_path, network, rng, steps=5), product(CONV, LAST))


def macs(engine):
    return sum(layer.macs for layer in engine.layers)


def test_pure_placements_are_the_two_sides(tmp_path):
    """With every layer on one side, the cycles are those of that side's own file."""
    pair = dense_pair(tmp_path)
    for place, file in ((Place.ARRAY, "pair.onnx"), (Place.SPIKING, "pair.nir")):
        placed, alone = pair.prepared([place] * 3), pair.prepared([None] * 3, file)
        cycles = [accelerator.run(each.design, each.integers(pair.samples)).cycles for each in (placed, alone)]
        assert np.array_equal(*cycles), place


def test_neighbours_share_an_array(tmp_path):
    pair = dense_pair(tmp_path)
    assert pair.prepared(["spiking", "array", "array"]).design.stage_counts == (0, 1, 0, 2)
    assert pair.prepared(["array", "spiking", "array"]).design.stage_counts == (1, 0, 1, 0, 1)
    assert pair.prepared(["spiking", "event", "event"]).design.stage_counts == (0, 1, 1, 1)


RTL = [
    ("dense", ("array", "event", "spiking"), "once"),
    ("dense", ("spiking", "event", "array"), "once"),
    ("dense", ("event", "spiking", "array"), "packed"),
    ("dense", ("array", "spiking", "spiking"), "even"),
    ("dense", ("graded", "graded", "spiking"), "once"),
    ("image", ("graded", "spiking", "array"), "once"),
    ("image", ("array", "spiking", "array"), "once"),
    ("image", ("spiking", "array", "spiking"), "packed"),
    ("image", ("spiking", "spiking", "event"), "once"),
    ("pooled", ("spiking", "array", "spiking"), "once"),
    ("pooled", ("array", "spiking", "array"), "once"),
]
PAIRS = {"dense": partial(dense_pair, steps=3), "image": image_pair, "pooled": pooled_pair}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "places", "code"), RTL, ids=[",".join((k, *p, c)) for k, p, c in RTL])
def test_rtl(tmp_path, kind, places, code):
    pair = PAIRS[kind](tmp_path)
    prepared = pair.prepared(places, bridge=code)
    samples = prepared.integers(pair.samples[-4:])
    expected = accelerator.run(prepared.design, samples)
    answers, counters = answers_and_counters(prepared.design, samples)
    assert [words for words, _ in answers] == (expected.outputs & 0xFFFF_FFFF).tolist()
    assert [cycles for _, cycles in answers] == expected.cycles.tolist()
    totals = {name: int(counts.sum()) for name, counts in expected.counters.items()}
    assert counters == totals | {"cycles": int(expected.cycles.sum())}
    stalled, _ = answers_and_counters(prepared.design, samples, stall=0.5)
    assert [words for words, _ in stalled] == [words for words, _ in answers]


def test_a_stalled_array_has_no_known_interval(tmp_path):
    pair = dense_pair(tmp_path, sizes=(2, 9, 40, 4))
    prepared = pair.prepared(["array", "spiking", "spiking"], cols=9, lanes=1)
    assert back_to_back(prepared.design, prepared.integers(pair.samples)) is None


@pytest.mark.parametrize(
    ("places", "options", "message"),
    [
        (["array"] * 3, {"engine": "register"}, "leave --engine register out"),
        (["array"] * 3, {"bridge": "direct"}, "give once, packed or even"),
        (["graded"] * 3, {}, "'fc2' is the last one, which sends membranes: place it spiking"),
    ],
)
def test_refused(tmp_path, places, options, message):
    with pytest.raises(InputError, match=message):
        _ = dense_pair(tmp_path).prepared(places, **options).design


def test_if_all_are_graded_the_last_one_spikes(tmp_path):
    pair = dense_pair(tmp_path)
    one, other = pair.prepared([None] * 3, place="graded"), pair.prepared(["graded", "graded", "spiking"])
    assert one.design.params == other.design.params


def test_layers_without_another_side(tmp_path):
    pair = dense_pair(tmp_path)
    with pytest.raises(InputError, match=r"fc0.place is for layers of an SNN, which 'pair' is not: leave it out"):
        pair.prepared(["spiking", None, None], "pair.onnx")
    with pytest.raises(InputError, match="have no spiking side for --place: give the SNN of an"):
        _ = pair.prepared([None] * 3, "pair.onnx", place="array").design
    image = image_pair(tmp_path)
    with pytest.raises(InputError, match=r"stage 'conv1' is Conv2d: this engine runs chains of dense layers only"):
        _ = image.prepared(["event", None, None]).design


def test_by_the_command_line(tmp_path):
    model = EXAMPLES / "digits_ann.onnx"
    made = tospike("convert", model, "--data", "digits", "--exact", "--out", "s.nir", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    run = ("evaluate", "s.nir", "--data", "digits", "--samples", 20)
    (tmp_path / "places.toml").write_text('place = "event"\n[layer.fc2]\nplace = "spiking"\n')
    found = set()
    for options in (["--place", "fc1=event,fc2=spiking"], ["--options", "places.toml"]):
        ran = tospike(*run, *options, "--outputs", "o.npz", cwd=tmp_path)
        assert ran.returncode == 0, ran.stderr
        with np.load(tmp_path / "o.npz") as file:
            found.add(file["outputs"].tobytes())
    assert len(found) == 1
    refused(tospike(*run, "--place", "fc3=array", cwd=tmp_path), "layer 'fc3' is unknown", "fc2")


def test_an_snn_of_no_pair_is_refused(tmp_path):
    digits = ("evaluate", EXAMPLES / "digits_snn.nir", "--data", "digits", "--place", "lif=array")
    refused(tospike(*digits, cwd=tmp_path), "layer 'lif' of 'digits_snn' has no ANN side that equals it")


@pytest.mark.parametrize(
    ("text", "message"),
    [("fc1=array,", "neither one value nor LAYER=VALUE"), ("fc1=array,fc1=event", "gives layer 'fc1' twice")],
)
def test_texts_that_place_nothing(text, message):
    with pytest.raises(InputError, match=message):
        parse_by_layer("place", text)


def test_texts_of_places():
    assert parse_by_layer("place", "array") == ("array", {})
    assert parse_by_layer("place", "a=array, b.c=event") == (
        None,
        {"a": {"place": "array"}, "b.c": {"place": "event"}},
    )


@pytest.mark.parametrize("places", [("event", "spiking", "array"), ("spiking", "event", "spiking"), ("array",) * 3])
def test_activity_for_energy_models_is_that_of_the_sides(tmp_path, places):
    """With graded spikes, every layer gets an event for each activation that is not 0, wherever it runs; after spiking
    layers the next one that spikes gets their spikes."""
    pair = dense_pair(tmp_path)
    activities = []
    for each in (places, ("event",) * 3):
        prepared = pair.prepared(each)
        x = prepared.integers(pair.samples)
        found = engine_activities(prepared.design, x, accelerator.run(prepared.design, x))
        activities.append([layer for engine in found for layer in engine.layers])
    for place, hybrid, ann in zip(places, *activities, strict=True):
        assert hybrid.name == ann.name and hybrid.spiking == (place == "spiking")
        assert np.array_equal(hybrid.events, ann.events)
        assert (hybrid.sent >= ann.sent).all() or hybrid is activities[0][-1]
