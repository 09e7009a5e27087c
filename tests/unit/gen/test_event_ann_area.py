"""The predicted area of event engines of an ANN, and of chains of several kinds."""

import pytest
from support.designs import systolic
from support.paths import EXAMPLES

from tospike.gen.area import spiking
from tospike.gen.area import systolic as array
from tospike.gen.area.design import predicted_area
from tospike.gen.area.spiking import HOST
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import generate
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import Dataflow
from tospike.hw.params.devices import ECP5
from tospike.synth.flow import synthesize


def event_ann(**options):
    data = load_data("digits")
    return prepare(EXAMPLES / "digits_ann.onnx", data, ModelOptions(engine="event", **options)).design


def test_area_grows_with_lanes_and_widths():
    few, more, narrow = (
        predicted_area(event_ann(**given).params, ECP5)
        for given in ({"lanes": 2}, {"lanes": 8}, {"lanes": 8, "weight_bits": 3, "act_bits": 3})
    )
    assert few.lut4 < more.lut4 and few.ff < more.ff and few.dsp < more.dsp
    assert narrow.lut4 < more.lut4 and narrow.ff < more.ff


def test_a_chain_is_its_engines_behind_one_host_port():
    dense, family = systolic(Dataflow.OS), ECP5
    (engine,) = dense.engines
    alone = array.predict(engine, family)
    assert predicted_area(dense, family) == alone
    events = event_ann(lanes=4).params
    assert predicted_area(events, family) == spiking.area_of(events.engines, family)
    # only the engines are looked at, so that they need not fit each other
    object.__setattr__(events, "engines", (engine, *events.engines))
    both, other = predicted_area(events, family), spiking.area_of(events.engines[1:], family)
    assert both.lut4 == alone.lut4 + other.lut4 - round(HOST.lut) and both.dsp == alone.dsp + other.dsp


@pytest.mark.slow
@pytest.mark.parametrize(("lanes", "bits"), [(2, 8), (12, 4)])
def test_prediction_is_near_to_synthesis(lanes, bits, tmp_path):
    design = event_ann(lanes=lanes, weight_bits=bits)
    generate(tmp_path / "design", kind="network", params=design.params, design=design, choices={})
    measured = synthesize(tmp_path / "design").resources
    found = predicted_area(design.params, ECP5)
    lut4 = measured["lut4"] + 2 * measured["carry"] + 6 * measured["lutram"]
    assert found.lut4 == pytest.approx(lut4, rel=0.15)
    assert found.ff == pytest.approx(measured["ff"], rel=0.15)
    # the product of a row's address may take a DSP block
    assert abs(found.bram - measured["bram"]) <= 1 and abs(found.dsp - measured["dsp"]) <= 2
