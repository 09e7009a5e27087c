"""A neuron that the product does not know: three small pieces, and every engine runs it."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from amaranth.hdl import Mux
from support.accelerator_bench import answers_of

from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.params import (
    AcceleratorParams,
    AdaptationParams,
    HostInput,
    Readout,
    RegisterParams,
    Reset,
    ResetTiming,
    SpikingParams,
)
from tospike.hw.params.neurons.firing import FiringParams
from tospike.hw.spiking.neurons import DATAPATHS
from tospike.hw.spiking.neurons.membrane import MembraneNeuron
from tospike.hw.spiking.neurons.threshold import ThresholdNeuron
from tospike.sim import accelerator
from tospike.sim.spiking.neurons import MODELS
from tospike.sim.spiking.neurons.firing import FiringModel

# ------------------------------------------------------------------ hw/params/neurons/drain.py


@dataclass(frozen=True, kw_only=True)
class DrainParams(FiringParams):
    """A linear leak: the membrane moves towards 0 by ``step`` in each step, and spikes above its threshold."""

    tag: ClassVar[str] = "drain"

    step: int = 1

    @property
    def is_static(self):
        return False


# ---------------------------------------------------------------------------- sim/spiking/neurons/drain.py


class Drain(FiringModel):
    params: DrainParams

    def leak(self, membrane):
        return np.sign(membrane) * np.maximum(np.abs(membrane) - self.params.step, 0)


# ------------------------------------------------------------------------- hw/spiking/neurons/drain.py


class DrainNeuron(ThresholdNeuron, MembraneNeuron):
    def leak(self):
        step = self._params.step
        return lambda v: Mux(v > step, v - step, Mux(v < -step, v + step, 0))


# ----------------------------------------------------------------------------------- the registries


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setitem(MODELS, DrainParams, Drain)
    monkeypatch.setitem(DATAPATHS, DrainParams, DrainNeuron)


DRAIN = DrainParams(state_bits=7, threshold=9, step=3)
VARIANTS = {
    "plain": {},
    "bounded": {"lower_bound": -4, "initial": -6},
    "resting": {"refractory": 2, "reset": Reset.VALUE, "v_reset": -2},
    "late": {"reset": Reset.SUBTRACT, "reset_timing": ResetTiming.NEXT, "spike_bits": 2},
    "adaptive": {"adaptation": AdaptationParams(step=2)},
}


@pytest.mark.parametrize("make", [SpikingParams, RegisterParams])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_new_neuron_runs_on_every_engine(variant, make):
    neuron = replace(DRAIN, **VARIANTS[variant])
    first = make(inputs=6, neurons=5, weight_bits=4, bias=True, neuron=neuron)
    last = make(inputs=5, neurons=4, weight_bits=4, payload=neuron.spike, neuron=DRAIN, readout=Readout.MEMBRANE)
    params = AcceleratorParams(name="drain", engines=(first, last), host_input=HostInput.TOKENS)
    design = random_design(params, seed=5)
    x = random_samples(design, 6, seed=7)
    expected = accelerator.run(design, x)
    assert accelerator.spike_trains(design, x)[0].any()
    got = answers_of(design, x)
    signed = [np.array(words, dtype=np.uint32).astype(np.int32).tolist() for words, _ in got]
    assert signed == expected.outputs.tolist()
    assert [cycles for _, cycles in got] == expected.cycles.tolist()


def test_its_step_by_hand():
    """Threshold 9; inputs 8, 4, 0, 0, -5: v is 8, 5 + 4, 6, 3, 0 - 5."""
    neurons = MODELS[DrainParams](DRAIN, np.zeros(1, dtype=np.int64), 1)
    seen = []
    for current in (8, 4, 0, 0, -5):
        neurons.update(neurons.start + current)
        seen.append(int(neurons.after[0, 0]))
    assert seen == [8, 9, 6, 3, -5]
