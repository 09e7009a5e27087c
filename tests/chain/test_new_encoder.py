"""An encoder that the product does not know: a code in three pieces, and a whole network runs behind it."""

from dataclasses import replace

import numpy as np
import pytest
from support.accelerator_bench import answers_and_counters
from support.chains import train_words
from support.paths import EXAMPLES

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.technology import load_technology
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.load import load_network
from tospike.gen.nir.importer import read_options
from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.hw.encoders.codes import CODERS, Coder
from tospike.hw.params import AcceleratorParams, EncoderParams, HostOutput, IntFormat, LifParams, SpikingParams
from tospike.hw.params.engines.encoding import Code, NamedCode
from tospike.sim import accelerator
from tospike.sim.encoders.codes import CODES, coded
from tospike.sim.encoders.encoding import quantize_input

# ------------------------------------------------------------------------- hw/params/engines/encoding.py


class Encoding(NamedCode):
    """What the product's own enumeration gains: a member."""

    BURST = "burst", Code(stored_bits=lambda bits, steps: steps.bit_length(), computes=True)
    """A burst: a value x spikes in each of the first floor(x * steps / 2**bits) steps."""


# ------------------------------------------------------------------------------- sim/encoders/codes.py


def burst(values, steps, bits, seed):
    spikes = (values * steps) >> bits
    return (np.arange(steps)[None, :, None] < spikes[:, None, :]).astype(np.int64)


# -------------------------------------------------------------------------------- hw/encoders/codes.py


class Burst(Coder):
    """Spike as long as the step is below the number of spikes, which is stored."""

    reads_mask = False

    def stored(self, value):
        return (value * self._params.steps)[self._bits :]

    def at_once(self, value):
        return self.stored(value) > 0, 1

    def later(self, entry, step, mask):
        return entry.stored > step, 1


# ------------------------------------------------------------------------------------ the registries


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setitem(CODES, Encoding.BURST, burst)
    monkeypatch.setitem(CODERS, Encoding.BURST, Burst)


def check(design, x):
    """RTL and golden model agree in outputs, cycles and counters of a whole accelerator, and it has an energy."""
    expected = accelerator.run(design, x)
    answers, counters = answers_and_counters(design, x)
    if design.params.host_output is HostOutput.TOKENS:
        sent = [train_words(train) for train in expected.trains]
    else:
        sent = (expected.outputs & 0xFFFF_FFFF).tolist()
    assert [words for words, _ in answers] == sent
    assert [cycles for _, cycles in answers] == expected.cycles.tolist()
    assert counters.pop("cycles") == expected.cycles.sum()
    assert counters == {name: int(counts.sum()) for name, counts in expected.counters.items()}
    energy = counter_energy(load_technology("horowitz45"), design.params, expected.counters, expected.cycles)
    assert (energy.total > 0).all()


@pytest.mark.parametrize("bits", [1, 4])
@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("inputs", [1, 7])
def test_a_new_code_runs_in_an_accelerator(inputs, steps, bits):
    payload = IntFormat(bits=bits, signed=False)
    encoder = EncoderParams(inputs=inputs, steps=steps, encoding=Encoding.BURST, payload=payload)
    neuron = LifParams(threshold=3, state_bits=12)
    layer = SpikingParams(inputs=inputs, neurons=4, neuron=neuron, weight_bits=4, lanes=2)
    params = AcceleratorParams(name="burst", engines=(encoder, layer), host_output=HostOutput.TOKENS)
    design = random_design(params, seed=5)
    check(design, random_samples(design, 5, seed=7))


def test_a_trained_network_runs_behind_it():
    """Read from its file, quantised and put on engines by what knows no more of the code than its facts."""
    file, data = EXAMPLES / "digits_snn.nir", load_data("digits")
    network = load_network(file, nir=replace(read_options(file), encoding=Encoding.BURST))
    integers = quantize(network, data.train_x).network
    design = plan(integers)
    x = quantize_input(integers.input, data.x)
    assert np.mean(accelerator.run(design, x).predictions == data.y) > 0.9
    check(design, x[:4])


def test_its_definition():
    """A value of 4 bits in 8 steps: half of it spikes, at once and in a row."""
    spikes = coded(Encoding.BURST, np.arange(16)[None, :], 8, 4)[0]
    assert spikes.sum(axis=0).tolist() == [value // 2 for value in range(16)]
    assert (np.diff(spikes, axis=0) <= 0).all()
