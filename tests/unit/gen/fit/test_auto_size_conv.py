"""The array of a conv engine that fits a device, and networks of the size of embedded vision without an option."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from support.conv_engine import Maker
from support.large_networks import OnnxMaker, mobilenet, resnet, vgg

from tospike.gen.area.conv import predict
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import generate
from tospike.gen.fit.auto_size_conv import fit_conv
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.params import InputError, IntFormat, WeightSource
from tospike.hw.params.devices import DEVICES
from tospike.sim import accelerator as golden
from tospike.sim.conv.timing import frame_cycles
from tospike.sim.network import InputSpec, Network
from tospike.synth.flow import synthesize
from tospike.synth.options import SynthOptions

ECP5, UP5K = DEVICES["ecp5-85k"], DEVICES["ice40-up5k"]
UNSIGNED = IntFormat(bits=8, signed=False)


def small(**numbers):
    made = Maker((2, 6, 7), act=UNSIGNED, **numbers).conv(5, (3, 3), padding=(1, 1, 1, 1))
    made.max_pool((2, 2), stride=(2, 2)).conv(6, (3, 3), padding=(1, 1, 1, 1)).dense(7).dense(3).logits()
    return Network(name="small", input=InputSpec(inputs=84, format=UNSIGNED), stages=tuple(made.stages))


def smaller(device, **capacity):
    return replace(device, capacity={**device.capacity, **capacity})


def test_nothing_that_fits_is_faster_and_the_options_give_it():
    network = small()
    best = fit_conv(network, PlanOptions(), smaller(ECP5, dsp=14))
    assert best.params.array.multipliers <= 12
    for rows in range(1, 13):
        for cols in range(1, 12 // rows + 1):
            (engine,) = plan(network, PlanOptions(rows=rows, cols=cols)).params.engines
            assert best.cycles <= frame_cycles(engine), (rows, cols)
    design = plan(network, best.refine(PlanOptions()))
    assert design.params.engines == (best.params,)
    assert golden.run(design, np.zeros((1, 84), dtype=int)).cycles.tolist() == [best.cycles]


def test_narrow_weights_share_multipliers():
    best = fit_conv(small(weight_bits=3), PlanOptions(), smaller(ECP5, dsp=8))
    assert best.params.array.products_per_multiplier == 2 and best.area.dsp <= 8


def test_sums_of_several_channels_leave_one_column_whatever_depthwise_layers_would_use():
    made = Maker((2, 5, 5), act=UNSIGNED).conv(6, (3, 3), groups=2).conv(3, (2, 2)).logits()
    network = Network(name="ends", input=InputSpec(inputs=50, format=UNSIGNED), stages=tuple(made.stages))
    assert fit_conv(network, PlanOptions(), ECP5).params.array.cols == 1


def test_what_does_not_fit_is_refused_with_the_numbers():
    needs = r"the closest, \d x \d, needs [\d,]+ lut4 of 1,000; the largest layer is '3' with 378 weights"
    with pytest.raises(InputError, match=rf"{needs}: give a larger device$"):
        fit_conv(small(), PlanOptions(), smaller(ECP5, lut4=1000))
    with pytest.raises(InputError, match="the area of a conv engine on ice40 is unknown: leave --fit out"):
        fit_conv(small(), PlanOptions(), UP5K)
    images = r"needs [\d,]+ bram of 0; weights are streamed, but images alone need \d bram: give a smaller network$"
    with pytest.raises(InputError, match=images):
        fit_conv(small(), PlanOptions(), smaller(ECP5, bram=0))


def test_weights_that_do_not_fit_are_streamed():
    made = Maker((2, 6, 7), act=UNSIGNED).conv(5, (3, 3)).dense(200).dense(200).dense(3).logits()
    network = Network(name="wide", input=InputSpec(inputs=84, format=UNSIGNED), stages=tuple(made.stages))
    device = smaller(ECP5, bram=20, dsp=6)
    best = fit_conv(network, PlanOptions(), device)
    assert best.params.streams_weights and best.area.bram <= 20
    design = plan(network, best.refine(PlanOptions()))
    assert design.params.engines == (best.params,)
    assert golden.run(design, np.zeros((1, 84), dtype=int)).cycles.tolist() == [best.cycles]
    way_out = rf"give --weights stream \(\d+ x \d+: {best.cycles:,} cycles\)$"
    with pytest.raises(
        InputError, match=rf"needs \d+ bram of 20; the largest layer is '2' with 40,000 weights: {way_out}"
    ):
        fit_conv(network, PlanOptions(), device, sources=[WeightSource.MEMORY])


# ------------------------------------------------------------------------------------- networks of embedded vision


def prepared(made, path, **options):
    """The network in integers, on hardware, calibrated on noise."""
    rng = np.random.default_rng(0)
    data, values = path / "data.npz", int(np.prod(made.input))
    x = rng.random((4, values)).astype(np.float32)
    np.savez(data, x=x, y=np.arange(4) % made.shape[0], test_x=x)
    return prepare(made.save(path / "net.onnx"), load_data(f"npz:{data}"), ModelOptions(**options))


LARGE = pytest.mark.parametrize(
    "make", [resnet, pytest.param(vgg, marks=pytest.mark.slow), pytest.param(mobilenet, marks=pytest.mark.slow)]
)


@LARGE
def test_large_networks_need_no_option(tmp_path, make):
    array = prepared(make(), tmp_path).design.params.engines[0].array
    assert (array.rows, array.cols) == (1, 8)


def test_a_network_is_fitted_and_the_choices_say_so(tmp_path):
    done = prepared(resnet(), tmp_path, fit="ecp5-85k")
    array = done.design.params.engines[0].array
    assert array.rows * array.cols > 100 and done.fit.cycles < 200_000
    assert (done.choices["hardware"]["rows"], done.choices["hardware"]["cols"]) == (array.rows, array.cols)
    assert done.choices["fit"]["cycles"] == done.fit.cycles


def test_more_weights_than_the_device_holds_are_refused_in_one_line(tmp_path):
    with pytest.raises(InputError, match="the 1,147,072 weights of 'net', of 8 bits, need 498 bram of 208 at least"):
        prepared(vgg(), tmp_path, fit="ecp5-85k", weights=WeightSource.MEMORY)


def test_images_that_no_device_holds_are_refused_before_quantisation(tmp_path):
    made = OnnxMaker(3, 96, 96).conv(64, 3).conv(64, 3).average().dense(10)
    images = "'conv_2' reads and writes images of 1,179,648 values, of 8 bits, which stay on chip and need 512 bram"
    with pytest.raises(InputError, match=f"ecp5-85k: {images} of 208 at least: give a network of smaller images$"):
        prepared(made, tmp_path, fit="ecp5-85k")


@pytest.mark.slow
def test_area_is_near_what_synthesis_finds(tmp_path):
    network = small()
    best = fit_conv(network, PlanOptions(), smaller(ECP5, dsp=26))
    design = plan(network, best.refine(PlanOptions()))
    folder = generate(tmp_path / "d", kind="test", params=design.params, design=design, choices={})
    found = synthesize(Path(folder.path), SynthOptions(target="ecp5-85k")).resources
    predicted = asdict(predict(best.params, ECP5.family))
    assert found["dsp"] == predicted["dsp"] and abs(found["bram"] - predicted["bram"]) <= 1
    places = found["lut4"] + 2 * found["carry"] + 6 * found["lutram"]
    assert predicted["lut4"] == pytest.approx(places, rel=0.12)
    assert predicted["ff"] == pytest.approx(found["ff"], rel=0.12)
