"""The array that fits a device is the fastest one, and near to what synthesis finds; or none fits, with the numbers."""

from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tospike.compare.study.workload import named
from tospike.gen.area.memories import block_rams
from tospike.gen.area.systolic import predict
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import generate
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.fit.auto_size import fit
from tospike.gen.fit.fit import Fit
from tospike.gen.fit.nearest import largest_layer, refusal
from tospike.gen.fit.room import require_room
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    Dataflow,
    DenseLayer,
    InputError,
    SystolicParams,
    WeightSource,
)
from tospike.hw.params.devices import DEVICES, find_device
from tospike.sim import accelerator as golden
from tospike.sim.network import Activation, Dense, InputSpec, Network, QuantGrid, Stage
from tospike.sim.systolic.timing import frame_cycles
from tospike.sim.systolic.weight_stream import WeightStream
from tospike.synth.flow import synthesize
from tospike.synth.options import SynthOptions

DIGITS = named("digits", ModelOptions())
ECP5, UP5K = DEVICES["ecp5-85k"], DEVICES["ice40-up5k"]


def engine(*sizes, rows=1, **options):
    """A chain of dense layers."""
    last = len(sizes) - 2
    layers = tuple(
        DenseLayer(rows=rows, inputs=a, outputs=b, clamp=None if index == last else (0, 127))
        for index, (a, b) in enumerate(pairwise(sizes))
    )
    return SystolicParams(array=ArrayParams(rows=1, cols=1, acc_bits=24, **options), layers=layers)


def smaller(device, **capacity):
    return replace(device, capacity={**device.capacity, **capacity})


def test_nothing_that_fits_is_faster():
    """All arrays of up to 20 multipliers, side by side."""
    device = smaller(ECP5, dsp=22)
    params = engine(9, 14, 5, rows=3)
    best = fit(params, device)
    for dataflow in Dataflow:
        for rows in range(1, 21):
            for cols in range(1, 20 // rows + 1):
                array = ArrayParams(rows=rows, cols=cols, acc_bits=24, dataflow=dataflow)
                assert best.cycles <= frame_cycles(replace(params, array=array)), array
    assert best.params.array.multipliers <= 20


def test_predicted_cycles_are_exact():
    best = fit(engine(30, 20, 7), smaller(UP5K, dsp=6)).params
    params = AcceleratorParams(name="fitted", engines=(best,))
    design = random_design(params, seed=1)
    cycles = golden.run(design, random_samples(design, 2, seed=1)).cycles
    assert set(cycles.tolist()) == {fit(engine(30, 20, 7), smaller(UP5K, dsp=6)).cycles}


def test_narrow_weights_share_multipliers_on_ecp5_only():
    params = engine(64, 64, 10, weight_bits=4)
    best = fit(params, smaller(ECP5, dsp=18))
    assert best.params.array.products_per_multiplier == 2
    assert best.params.array.cols == 32 and best.area.dsp == 18
    assert fit(params, UP5K).params.array.products_per_multiplier == 1


def test_weights_of_one_bit_take_no_multipliers():
    params = engine(64, 64, 10, weight_bits=1)
    best = fit(params, smaller(ECP5, dsp=2))
    assert best.params.array.cols == 64 and best.area.dsp == 2


def test_weights_that_do_not_fit_are_streamed():
    params = engine(784, 256, 10)
    best = fit(params, smaller(UP5K, bram=16))
    assert best.params.streams_weights
    assert fit(params, ECP5).params.weights is WeightSource.MEMORY
    message = "needs 408 bram of 30; the largest layer is '0' with 200,704 weights: give --weights stream"
    with pytest.raises(InputError, match=message) as caught:
        fit(params, UP5K, sources=[WeightSource.MEMORY])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cols", [4, 9, 40])
def test_words_wanted_together_leave_as_they_do_one_by_one(cols):
    params = replace(engine(8, 4), weights=WeightSource.STREAM)
    params = replace(params, array=replace(params.array, cols=cols), weight_queue=5)
    together, alone = (WeightStream(params.weight_stream, depth=params.weight_queue) for _ in range(2))
    rng = np.random.default_rng(cols)
    left = left_alone = 0
    for words, pause in rng.integers(1, 40, (50, 2)).tolist():
        left, earliest = together.take(left + pause, words), left_alone + pause
        for _ in range(words):
            left_alone = alone.take(earliest)
            earliest = left_alone + 1
        assert left == left_alone


def test_what_cannot_fit_is_refused_with_the_numbers():
    message = r"no array fits ecp5-85k: the closest, 1 x 1, needs [\d,]+ lut4 of 900, 3 dsp of 2; "
    with pytest.raises(InputError, match=message + r".* give --fit ice40-up5k \(1 x 4: "):
        fit(engine(8, 4), smaller(ECP5, dsp=2, lut4=900))
    with pytest.raises(InputError, match="unknown device 'ecp5': choose ecp5-85k or ice40-up5k"):
        find_device("ecp5")


def test_twenty_million_weights_are_streamed_or_refused():
    """And both is told at once, though there are hundreds of arrays to choose from."""
    params = engine(784, 4096, 4096, 10)
    assert sum(layer.inputs * layer.outputs for layer in params.layers) > 20e6
    best = fit(params, ECP5)
    assert best.params.streams_weights
    numbers = r"the closest, 1 x 9, needs 8,\d+ bram of 208; the largest layer is '1' with 16,777,216 weights"
    message = rf"{numbers}: give --weights stream \(1 x 4: {best.cycles:,} cycles\)"
    with pytest.raises(InputError, match=message):
        fit(params, ECP5, sources=[WeightSource.MEMORY])


@pytest.mark.parametrize(
    ("bram", "fits_ecp5", "way_out"),
    [
        (220, True, "--weight-bits 4"),
        (60, True, "--fit ecp5-85k (1 x 1: {cycles:,} cycles)"),
        (60, False, "a network of about 25,088 weights of 8 bits"),
        (5, False, "a smaller network"),
    ],
)
def test_the_nearest_that_fits_is_named(bram, fits_ecp5, way_out):
    """Narrower weights if they do, or another device, or the weights for which there is room."""
    smallest, asked = engine(784, 256, 10), []

    def fastest(params, device):
        asked.append(device)
        area, cycles = predict(params, device.family), frame_cycles(params)
        return Fit(params=params, device=device, area=area, cycles=cycles) if fits_ecp5 else None

    device = smaller(UP5K, bram=bram)
    weights = {"a": 2560, "b": 200704}
    message = refusal(
        smallest,
        device,
        streamed=None,
        fastest=fastest,
        predict=predict,
        weights=sum(weights.values()),
        cause=largest_layer(weights),
    )
    largest = "the largest layer is 'b' with 200,704 weights"
    way_out = way_out.format(cycles=frame_cycles(smallest))
    assert (
        message == f"no array fits ice40-up5k: the closest, 1 x 1, needs 408 bram of {bram}; {largest}: give {way_out}"
    )
    assert asked == ([] if bram == 220 else [ECP5])


def network_of(*, weights, bits=None):
    """A float network of one dense layer, with a trained grid of ``bits`` or none."""
    grid = bits and QuantGrid(scale=np.array(0.1), qmin=-(1 << bits - 1) + 1, qmax=(1 << bits - 1) - 1)
    synapses = Dense(weight=np.zeros((1, weights)), bias=np.zeros(1), grid=grid)
    stage = Stage(name="fc", synapses=synapses, neuron=Activation(relu=False))
    return Network(name="net", input=InputSpec(inputs=weights), stages=(stage,))


def test_more_weights_than_block_rams_are_refused_before_quantisation():
    options = QuantizeOptions(weight_bits=6)
    require_room(network_of(weights=20480), options, UP5K)  # 30 block RAMs of 4,096 bits
    require_room(network_of(weights=20481, bits=5), options, UP5K)
    needs = "the 20,481 weights of 'net', of 6 bits, need 31 bram of 30 at least"
    message = f"{needs}: give --weights stream, or a network of at most"
    with pytest.raises(InputError, match=message):
        require_room(network_of(weights=20481), options, UP5K)


@pytest.mark.parametrize(
    ("width", "depth", "ecp5", "ice40"),
    [(1, 1, 1, 1), (36, 512, 1, 5), (37, 512, 2, 5), (18, 1024, 1, 5), (64, 320, 2, 8), (1, 16385, 2, 9)],
)
def test_block_rams(width, depth, ecp5, ice40):
    assert block_rams(width, depth, ECP5.family) == ecp5
    assert block_rams(width, depth, UP5K.family) == ice40


@pytest.fixture(scope="module")
def data():
    return load_data("digits")


def test_options(data):
    prepared = prepare(DIGITS.ann, data, ModelOptions(fit="ecp5-85k"))
    array = prepared.design.params.engines[0].array
    assert (array.rows, array.cols) == (1, 32)
    assert prepared.choices["fit"]["cycles"] == golden.run(prepared.design, np.zeros((1, 64), dtype=int)).cycles[0]
    assert prepared.choices["hardware"]["cols"] == 32
    with pytest.raises(InputError, match="--fit chooses the array: leave --cols out, or --fit"):
        prepare(DIGITS.ann, data, ModelOptions(fit="ecp5-85k", cols=4))


def test_a_network_that_is_too_big_is_refused_by_name(data):
    class Tiny(ModelOptions):
        device = smaller(UP5K, bram=0)

    with pytest.raises(InputError, match=r"needs \d+ bram of 0; the largest layer is '\w+' with 2,048 weights"):
        _ = prepare(DIGITS.ann, data, Tiny()).design


def tabled(params):
    """The engine with functions between its layers."""
    *hidden, last = params.layers
    return replace(params, layers=(*(replace(layer, clamp=(-128, 127), tabled=True) for layer in hidden), last))


@pytest.mark.parametrize(
    ("sizes", "rows", "cols", "acc_bits", "ff", "places", "bram"),
    [((64, 32, 10), 1, 6, 24, 62, 143, 1), ((30, 20, 12, 6), 2, 4, 32, 78, 198, 1)],
)
def test_tables_of_activations_take_what_synthesis_found_once(sizes, rows, cols, acc_bits, ff, places, bram):
    """Yosys 0.66 on ECP5: what the engine with tables takes more. The slow test synthesises one of them again."""
    plain = engine(*sizes)
    plain = replace(plain, array=ArrayParams(rows=rows, cols=cols, acc_bits=acc_bits))
    without, found = (asdict(predict(params, ECP5.family)) for params in (plain, tabled(plain)))
    more = {name: found[name] - without[name] for name in found}
    assert more["ff"] == ff and more["bram"] == bram and more["dsp"] == 0
    assert more["lut4"] == pytest.approx(places, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "params"),
    [
        ("ecp5-85k", fit(engine(64, 32, 10), ECP5).params),
        ("ecp5-85k", fit(engine(40, 24, 6, weight_bits=4), smaller(ECP5, dsp=8)).params),
        ("ice40-up5k", fit(engine(64, 32, 10), smaller(UP5K, dsp=5)).params),
        ("ecp5-85k", tabled(fit(engine(64, 32, 10), smaller(ECP5, dsp=8)).params)),
    ],
)
def test_area_is_near_what_synthesis_finds(tmp_path, target, params):
    accelerator = AcceleratorParams(name="fitted", engines=(params,))
    folder = generate(
        tmp_path / "d", kind="test", params=accelerator, design=random_design(accelerator, seed=1), choices={}
    )
    found = synthesize(Path(folder.path), SynthOptions(target=target)).resources
    device = DEVICES[target]
    places = found["lut4"] + (2 * found["carry"] + 6 * found["lutram"] if device.family is ECP5.family else 0)
    predicted = asdict(predict(params, device.family))
    assert found["dsp"] == predicted["dsp"]
    assert abs(found["bram"] - predicted["bram"]) <= 1
    assert predicted["lut4"] == pytest.approx(places, rel=0.12)
    assert predicted["ff"] == pytest.approx(found["ff"], rel=0.12)
