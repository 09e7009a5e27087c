"""The published models give the published numbers."""

import numpy as np
import pytest

from tospike.compare.energy.activity import LayerActivity
from tospike.compare.energy.break_even import (
    LARGE_SRAM,
    PUBLISHED,
    SMALL_SRAM,
    Reuse,
    break_even,
    spike_activity,
)
from tospike.compare.energy.counts import davidson_furber, lemaire, ottati, yan
from tospike.hw.params import InputError

CONV_OUTPUTS = 12 * 12
CONV_MACS = CONV_OUTPUTS * 512 * 3 * 3
"""Input 512 x 14 x 14, kernel 3 x 3, no padding, one output channel."""
ROWS, COLUMNS = 512, 1024


def nanojoules(terms):
    return float(sum(np.sum(values) for values in terms.values())) / 1000


@pytest.mark.parametrize(("density", "snn", "ann"), [(0.1, 189.4, 347.4), (0.01, 19.7, 35.1)])
def test_ottati_2023_convolution(density, snn, ann):
    events, outputs = np.array(CONV_MACS * density), np.array(CONV_OUTPUTS)
    spiking = nanojoules(ottati.snn_2023(events, outputs, outputs, np.array(0)))
    dense = nanojoules(ottati.ann_2023(events, outputs))
    assert (round(spiking, 1), round(dense, 1)) == (snn, ann)
    if density == 0.1:
        assert spiking / dense == pytest.approx(0.545, abs=5e-4)


@pytest.mark.parametrize(("density", "snn", "ann"), [(0.1, 151.7, 279.4), (0.01, 17.6, 32.7)])
def test_ottati_2023_recurrent(density, snn, ann):
    events, rows = np.array(ROWS * COLUMNS * density), np.array(ROWS)
    assert round(nanojoules(ottati.snn_recurrent_2023(events, rows, np.array(0))), 1) == snn
    assert round(nanojoules(ottati.ann_recurrent_2023(events, rows)), 1) == ann


def test_ottati_thesis():
    outputs = 28 * 28 * 32
    macs = outputs * 3 * 3 * 144
    ann = nanojoules(ottati.ann_thesis(np.array(macs), np.array(outputs), 32)) / 1000
    snn = nanojoules(ottati.snn_thesis(np.array(macs), np.array(outputs), 32)) / 1000
    assert (round(ann, 1), round(snn, 1)) == (823.0, 461.2)
    assert snn / ann == pytest.approx(0.560, abs=5e-4)


def layer(*, spiking, binary, events, steps=1, inputs=8, outputs=4, leaks=False):
    return LayerActivity(
        name="l",
        inputs=inputs,
        outputs=outputs,
        steps=steps,
        spiking=spiking,
        binary=binary,
        events=np.array([float(events)]),
        sent=np.array([3.0]),
        weight_bits=8,
        act_bits=1 if binary else 8,
        state_bits=32,
        leaks=leaks,
    )


def test_davidson_and_furber_break_even_per_connection():
    """1.72 in the paper; its constants, rounded to whole E, give 1.67."""
    ann = davidson_furber.MAC + davidson_furber.READ
    snn = davidson_furber.E_PJ + davidson_furber.READ
    assert ann / snn == pytest.approx(5 / 3)
    assert ann / snn == pytest.approx(1.72, rel=0.04)
    terms = davidson_furber.layer_terms(layer(spiking=False, binary=False, events=2))
    assert terms["mac"] + terms["weight_read"] == pytest.approx(32 * ann), "every connection: zeros are not skipped"
    terms = davidson_furber.layer_terms(layer(spiking=True, binary=True, events=2, steps=5))
    assert terms["sop"] + terms["weight_read"] == pytest.approx(2 * 4 * snn)
    assert terms["state_read"] == pytest.approx(4 * 5 * 0.3)


def test_lemaire_counts_of_a_convolution():
    """100 spikes into a 3 x 3 convolution with 4 channels of 5 x 6, stride 2, 7 steps."""
    shape = {"channels": 4, "height": 5, "width": 6, "kernel": 3, "stride": 2, "steps": 7}
    counts = lemaire.snn_conv_counts(spikes_in=100, spikes_out=11, leaks=True, **shape)
    assert counts.weight_reads == 100 * 4 * 9
    assert counts.potential_reads == counts.potential_writes == 100 * 4 * 9 + 7 * 120
    assert counts.additions == 100 * 4 * 4 + 7 * 120 + 11
    assert counts.leak_multiplications == 7 * 120
    assert (counts.address_multiplications, counts.address_additions) == (200, 900)
    assert lemaire.snn_conv_counts(spikes_in=0, spikes_out=0, leaks=False, **shape).leak_multiplications == 0


def test_lemaire_memory_is_linear_between_horowitz_points():
    assert lemaire.access(64, 1024) == pytest.approx(10)
    assert lemaire.access(64, 4 * 1024) == pytest.approx(20)
    assert lemaire.access(64, 128 * 1024) == pytest.approx(100)
    assert lemaire.access(64, 512) == pytest.approx(5)
    assert lemaire.access(8, 1024) == pytest.approx(10 / 8 / 8)


def test_lemaire_dense_layer():
    terms = lemaire.layer_terms(layer(spiking=True, binary=True, events=6, steps=5, leaks=True))
    assert terms["weight_read"] == pytest.approx(6 * 4 * lemaire.access(8, 32))
    assert terms["state_read"] == pytest.approx((6 * 4 + 5 * 4) * lemaire.access(32, 4))
    assert terms["sop"] == pytest.approx(6 * 4 * 0.1)
    assert terms["neuron_update"] == pytest.approx(5 * 4 * 3.1)
    terms = lemaire.layer_terms(layer(spiking=False, binary=False, events=1))
    assert terms["mac"] == pytest.approx(32 * 3.2)


@pytest.mark.parametrize(("steps", "bits"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (7, 3), (8, 4), (255, 8)])
def test_the_twin_of_an_snn(steps, bits):
    assert yan.matching_bits(steps) == bits == int(np.ceil(np.log2(steps + 1)))


# -------------------------------------------------------------------------------------------------- break-even


@pytest.mark.parametrize(("reuse", "register", "memory"), [(1, 1.79, 0.65), (4, 0.46, 0.17), (16, 0.13, 0.05)])
def test_one_formula_covers_the_published_range(reuse, register, memory):
    ann = {"ann_weight": reuse, "ann_activation": reuse}
    assert round(break_even(LARGE_SRAM, Reuse(**ann)), 2) == register
    assert round(break_even(LARGE_SRAM, Reuse(**ann, state=1)), 2) == memory


def test_the_authors_smaller_memory():
    assert round(break_even(SMALL_SRAM, Reuse()), 2) == 1.84


def test_reuse_below_1_is_refused():
    with pytest.raises(InputError, match=r"reuse of snn weight must be 1 or more, not 0\.5"):
        Reuse(snn_weight=0.5)


def test_published_answers_in_one_unit():
    at = {p.name: p.spikes_per_activation(density=0.5) for p in PUBLISHED}
    assert at["Davidson and Furber 2021"] == pytest.approx((3.44, 3.44))
    assert at["Dampfhoffer et al. 2023"] == pytest.approx((0.3, 2.76))
    assert at["Yan et al. 2024, v4"] == pytest.approx((0.57, 0.57))
    assert at["Ottati et al. 2023"] == pytest.approx((1.79, 1.84), abs=0.005)
    with pytest.raises(InputError, match="density of activations must be above 0"):
        PUBLISHED[0].spikes_per_activation(density=0)


def test_activity_in_every_unit():
    ann = [
        layer(spiking=False, binary=False, events=8, inputs=8, outputs=4),
        layer(spiking=False, binary=False, events=2, inputs=4, outputs=3),
    ]
    snn = [
        layer(spiking=True, binary=False, events=8, inputs=8, outputs=4, steps=5),
        layer(spiking=True, binary=True, events=6, inputs=4, outputs=3, steps=5),
    ]
    activity = spike_activity(ann, snn)
    assert activity.spikes_per_synapse == pytest.approx(6 * 3 / 12)
    assert activity.spikes_per_neuron == pytest.approx(6 / 4)
    assert activity.spike_rate == pytest.approx(6 / 4 / 5)
    assert activity.density == pytest.approx(0.5)
    assert activity.spikes_per_activation == pytest.approx(3)
    assert spike_activity(ann, snn[:1]) is None
    assert spike_activity(ann[:1], snn).spikes_per_activation is None


def test_an_input_of_spikes_counts_for_n_like_a_layer_of_neurons():
    """The SNN's synaptic operations over the ANN's that are not zero: (12 * 4 + 6 * 3) / (8 * 4 + 2 * 3)."""
    ann = [
        layer(spiking=False, binary=False, events=8, inputs=10, outputs=4),
        layer(spiking=False, binary=False, events=2, inputs=4, outputs=3),
    ]
    snn = [
        layer(spiking=True, binary=True, events=12, inputs=10, outputs=4, steps=5),
        layer(spiking=True, binary=True, events=6, inputs=4, outputs=3, steps=5),
    ]
    activity = spike_activity(ann, snn)
    assert activity.spikes_per_activation == pytest.approx(66 / 38)
    assert activity.density == pytest.approx(38 / 52)


def test_several_time_bins_are_several_activations_at_a_synapse():
    """Of 5 inputs with 4 bins each, 8 bins are not 0: the SNN sends 12 spikes for 8 activations."""
    ann = [layer(spiking=False, binary=False, events=8, inputs=20, outputs=4)]
    snn = [layer(spiking=True, binary=True, events=12, inputs=5, outputs=4, steps=16)]
    activity = spike_activity(ann, snn)
    assert activity.spikes_per_activation == pytest.approx(12 / 8)
    assert activity.density == pytest.approx(8 / 5)
