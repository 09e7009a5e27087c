"""The waterfall: it begins with the publication's own ratio and ends with this hardware's, whatever the publication."""

from dataclasses import replace

import numpy as np
import pytest
from support.paths import EXAMPLES

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counts.davidson_furber import E_PJ, MAC, READ
from tospike.compare.energy.counts.model import energy
from tospike.compare.energy.observe import engine_activities
from tospike.compare.energy.technology import load_technology
from tospike.compare.energy.waterfall import GROUPS, PAPERS, Measured, waterfall
from tospike.compare.report.figures.waterfall import waterfall_figure
from tospike.gen.data.options import SampleOptions
from tospike.gen.options.model import ModelOptions
from tospike.hw.params import InputError

PRICES = load_technology("horowitz45")


@pytest.fixture(scope="module")
def sides():
    data = SampleOptions(data="digits", samples=20).load()
    files = ("digits_ann.onnx", "digits_snn.nir")
    return [Measured.of(EXAMPLES / name, data, ModelOptions())[0] for name in files]


@pytest.fixture(scope="module")
def found(sides):
    return {name: waterfall(paper, *sides, PRICES) for name, paper in PAPERS.items()}


@pytest.mark.parametrize("name", PAPERS)
def test_it_begins_with_the_publication(sides, found, name):
    expected = [
        float(np.mean(energy(PAPERS[name].model, engine_activities(each.design, each.x, each.result)).total))
        for each in sides
    ]
    first = found[name][0]
    assert [first.ann_pj, first.snn_pj] == pytest.approx(expected)


@pytest.mark.parametrize("name", PAPERS)
def test_it_ends_with_the_counters(sides, found, name):
    measured = [counter_energy(PRICES, each.design.params, each.result.counters, each.result.cycles) for each in sides]
    clocked, gated = found[name][-2:]
    assert [clocked.ann_pj, clocked.snn_pj] == pytest.approx([float(each.total.mean()) for each in measured])
    assert [gated.ann_pj, gated.snn_pj] == pytest.approx([float((e.total - e.stoppable).mean()) for e in measured])


def test_publications_meet_once_all_counts_are_this_hardware_s(found):
    names = [step.name for step in next(iter(found.values()))]
    assert all([step.name for step in steps] == names for steps in found.values())
    after = names.index(list(GROUPS)[-1])
    for first, second in zip(*(steps[after:] for steps in found.values()), strict=True):
        assert (first.ann_pj, first.snn_pj) == pytest.approx((second.ann_pj, second.snn_pj))
    ratios = [sorted(steps[at].ratio for steps in found.values()) for at in (0, after)]
    before, met = (most / least for least, most in ratios)
    assert before > 1.5 > 1.0001 > met


def test_prices_apply_to_the_publication_s_counts(sides):
    """With the publication's own prices as the technology's, the second step changes nothing but widths."""
    paper = PAPERS["davidson-furber-22fdx"]
    for each in sides:
        for activity in engine_activities(each.design, each.x, each.result):
            for layer in activity.layers:
                alone = replace(activity, layers=(layer,))
                counts = {term: pj / paper.prices(layer)[term] for term, pj in paper.model.charge(alone).items()}
                key = "sop" if layer.spiking and layer.binary else "mac"
                expected = layer.synaptic_events if layer.spiking else layer.synapses
                np.testing.assert_allclose(counts[key], expected)
    assert paper.prices(layer)["mac"] == MAC == 5 * E_PJ == READ


def test_sides_must_be_in_order(sides):
    with pytest.raises(InputError, match="digits_snn and digits_ann are not an ANN and an SNN, in this order"):
        waterfall(PAPERS["ottati2023"], *reversed(sides), PRICES)


def test_the_figure_shows_every_step(found):
    svg = waterfall_figure(found).svg
    for text in (*PAPERS, *(step.name for step in found["ottati2023"])):
        assert text.replace("'", "&apos;") in svg or text in svg
