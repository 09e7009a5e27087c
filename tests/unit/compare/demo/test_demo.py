"""What a demo records of one sample is what the golden model computes, and the page and the lines show it."""

from functools import cache
from xml.etree import ElementTree

import numpy as np
import pytest
from support.exact_pairs import data_of, image_network
from support.paths import EXAMPLES

from tospike.compare.demo.figures import MARKS
from tospike.compare.demo.page import demo_html
from tospike.compare.demo.record import INPUT, Activity, Demo, Layer, record
from tospike.compare.demo.text import COLUMNS, ROWS, layer_lines, membrane_lines, picture_lines
from tospike.compare.energy.technology import load_technology
from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Trained, compile_network, prepare
from tospike.sim.accelerator import run, spike_trains
from tospike.tb.evaluate import golden_inference

TECHNOLOGY = load_technology("horowitz45")
DIGITS = load_data("digits")
SAMPLE = 7


@cache
def digits(name, **options):
    prepared = prepare(EXAMPLES / name, DIGITS, ModelOptions(options))
    return prepared, record(prepared, DIGITS, SAMPLE, TECHNOLOGY)


def is_that_of_the_golden_model(prepared, found, data=DIGITS, sample=SAMPLE):
    expected = golden_inference(prepared, data.x[sample : sample + 1])
    assert (found.answer, found.cycles) == (expected.predictions[0], expected.cycles[0])
    if expected.outputs.shape[1] > 1:
        np.testing.assert_array_equal(found.outputs, expected.outputs[0])


def test_a_spiking_network_step_by_step():
    prepared, found = digits("digits_snn.nir")
    is_that_of_the_golden_model(prepared, found)
    assert [(layer.name, layer.activity) for layer in found.layers] == [
        (INPUT, Activity.SPIKES),
        ("lif", Activity.SPIKES),
    ]
    (hidden, _) = spike_trains(prepared.design, prepared.integers(DIGITS.x[SAMPLE : SAMPLE + 1]))
    np.testing.assert_array_equal(found.layers[1].values, hidden[0])
    np.testing.assert_array_equal(found.membranes[-1], found.outputs)
    last = found.moments[-1]
    assert (last.step, last.answer, last.cycles) == (5, found.answer, found.cycles)
    assert last.pj == pytest.approx(found.energy.total)
    spent = [moment.pj for moment in found.moments]
    assert spent == sorted(spent) and len(spent) == 5


@pytest.mark.parametrize("engine", ["systolic", "event", "dataflow"])
def test_an_ann_layer_by_layer(engine):
    prepared, found = digits("digits_ann.onnx", engine=engine)
    is_that_of_the_golden_model(prepared, found)
    assert [layer.activity for layer in found.layers] == [Activity.VALUES] * 2
    np.testing.assert_array_equal(found.layers[-1].values[0], found.outputs)
    assert found.moments == () and found.membranes is None


def test_a_delta_ann_has_changes():
    prepared, found = digits("digits_ann.onnx", engine="delta")
    is_that_of_the_golden_model(prepared, found)
    assert [layer.activity for layer in found.layers] == [Activity.CHANGES] * 2
    np.testing.assert_array_equal(found.membranes[-1], found.outputs)


def test_the_answer_of_hardware_that_sends_nothing_else():
    prepared, found = digits("digits_snn.nir", argmax=True)
    is_that_of_the_golden_model(prepared, found)
    assert len(found.outputs) == 10


@pytest.mark.parametrize("engine", ["systolic", "dataflow"])
def test_images_are_in_the_networks_order(engine):
    network = image_network(np.random.default_rng(3))
    data = data_of(np.random.default_rng(4).random((6, 60)).astype(np.float32))
    prepared = compile_network(
        Trained(network=network, choices={}, options=ModelOptions({"engine": engine}).for_network(network)), data
    )
    found = record(prepared, data, 2, TECHNOLOGY)
    is_that_of_the_golden_model(prepared, found, data, 2)
    np.testing.assert_array_equal(found.layers[-1].values[0], found.outputs)
    assert [len(layer.values[0]) for layer in found.layers] == [stage.synapses.outputs for stage in network.stages]


def the_demo():
    designs = tuple(digits(name)[1] for name in ("digits_snn.nir", "digits_ann.onnx"))
    return Demo(data=DIGITS, sample=SAMPLE, technology="horowitz45", designs=designs)


def test_the_page_stands_alone():
    found = the_demo()
    page = demo_html(found)
    root = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))
    assert not root.findall(".//script") and not root.findall(".//link")
    links = [value for each in root.iter() for name, value in each.items() if name.split("}")[-1] in ("href", "src")]
    assert links and all(link.startswith(("#", "data:")) for link in links)
    text = " ".join(root.itertext())
    for design in found.designs:
        assert f"{design.name} answers {design.answer}" in text
        assert f"{design.cycles:,} cycles" in text
    assert f"The right answer is {DIGITS.y[SAMPLE]}" in text and "Energy so far" in text
    assert len(root.findall(".//{http://www.w3.org/2000/svg}svg")) == 4


def test_a_page_without_steps_draws_no_time():
    _, ann = digits("digits_ann.onnx")
    page = demo_html(Demo(data=DIGITS, sample=SAMPLE, technology="horowitz45", designs=(ann,)))
    assert "Energy so far" not in page and "fc1" in page


def test_many_spikes_are_a_picture():
    values = np.ones((MARKS // 10 + 1, 10), dtype=np.int64)
    layer = Layer(name="big", activity=Activity.SPIKES, values=values)
    lines = list(layer_lines(layer))
    assert len(lines) == 10 and {len(line) for line in lines} == {COLUMNS} and set("".join(lines)) == {"█"}


@pytest.mark.parametrize("neurons", [1, 3, 64, 5000])
def test_lines_of_any_layer_fit(neurons):
    rng = np.random.default_rng(neurons)
    for values in (rng.integers(-3, 4, (1, neurons)), rng.integers(0, 9, (1, neurons)), np.zeros((1, neurons), int)):
        lines = list(layer_lines(Layer(name="a", activity=Activity.VALUES, values=values)))
        assert 1 <= len(lines) <= ROWS and max(map(len, lines)) <= COLUMNS
    spikes = Layer(name="a", activity=Activity.SPIKES, values=rng.integers(0, 2, (7, neurons)))
    assert len(list(layer_lines(spikes))) == min(neurons, ROWS)


def test_lines_show_the_largest():
    found = the_demo()
    rows = dict(membrane_lines(found.designs[0]))
    assert len(rows) == 10
    assert rows[found.designs[0].answer][-1] == max(row[-1] for row in rows.values())
    picture = list(picture_lines(DIGITS, SAMPLE))
    assert len(picture) == 8 and {len(line) for line in picture} == {16}
    dark = DIGITS.x[SAMPLE].reshape(8, 8) == DIGITS.x[SAMPLE].max()
    assert [[character == "█" for character in line[::2]] for line in picture] == [
        [is_dark or value >= 0.75 * DIGITS.x[SAMPLE].max() + 1e-6 for is_dark, value in zip(row, values, strict=True)]
        for row, values in zip(dark, DIGITS.x[SAMPLE].reshape(8, 8), strict=True)
    ]


def test_run_is_what_was_recorded():
    prepared, found = digits("digits_snn.nir", encoding="ttfs")
    result = run(prepared.design, prepared.integers(DIGITS.x[SAMPLE : SAMPLE + 1]))
    assert found.moments[-1].cycles == result.cycles[0]
