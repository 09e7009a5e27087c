"""An engine that the product does not know: a piece and a registry line in each layer, and every loop runs it."""

from dataclasses import dataclass

import numpy as np
import pytest
from amaranth.hdl import Module
from support.accelerator_bench import answers_of

from tospike.compare.energy.activity import Memories, Widths
from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counters.work import EngineWork
from tospike.compare.energy.engines import ENGINES as ENERGY
from tospike.compare.energy.engines import EngineEnergy
from tospike.compare.energy.technology import load_technology
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.place.placer import Placer
from tospike.gen.place.placers import PLACERS
from tospike.gen.place.plan import plan
from tospike.hw.accelerator import ENGINES
from tospike.hw.engine import Engine
from tospike.hw.host.layout import LAYOUTS, EngineLayout
from tospike.hw.params import (
    SPIKE,
    AcceleratorParams,
    Contents,
    EngineParams,
    HostInput,
    LifParams,
    Readout,
    SpikingParams,
    TokenFormat,
    TokenKind,
)
from tospike.sim import accelerator
from tospike.sim.engine import EngineModel, EngineRun
from tospike.sim.models import MODELS

# ------------------------------------------------------------------------------ hw/params/passing.py


@dataclass(frozen=True, kw_only=True)
class PassingParams(EngineParams):
    """Pass a spike train on, and count its spikes."""

    inputs: int
    counter_bits: int = 32

    @property
    def input(self):
        return TokenFormat(addresses=self.inputs, payload=SPIKE)

    @property
    def output(self):
        return self.input

    @property
    def takes(self):
        return Contents.TRAIN

    @property
    def sends(self):
        return Contents.TRAIN

    @property
    def runs_stages(self):
        return False


# ------------------------------------------------------------- hw/passing/layout.py, hw/passing/engine.py

LAYOUT = EngineLayout(counter_names=lambda params: ("values",), memories=lambda params: ())


class Passing(Engine[PassingParams]):
    def __init__(self, params):
        super().__init__(params, LAYOUT.counter_names(params))

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.o.payload.kind.eq(self.i.payload.kind),
            self.o.payload.address.eq(self.i.payload.address),
            self.o.payload.payload.eq(self.i.payload.payload),
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready),
        ]
        if self.params.is_counted:
            with m.If(self.i.valid & self.i.ready & (self.i.payload.kind == TokenKind.VALUE)):
                m.d.sync += self.counters.values.eq(self.counters.values + 1)
            with m.If(self.clear):
                m.d.sync += self.counters.values.eq(0)
        return m


# ------------------------------------------------------------ sim/passing/golden.py, sim/passing/timing.py


def run_passing(params, design, index, trains):
    spikes = np.count_nonzero(trains, axis=(1, 2)).astype(np.int64)
    return EngineRun(sent=trains, counters={"values": spikes}, operations={})


def passing_link(params, run, came, downstream):
    """It takes no time: what it offers and takes, the next engine does."""
    return downstream


# ------------------------------------------------------------------------------ gen/place/passing.py


def insert_passing(site):
    """It comes between two spiking layers."""
    upstream = site.engines[-1] if site.engines else None
    return PassingParams(inputs=upstream.neurons) if isinstance(upstream, SpikingParams) else None


PASSING = Placer(insert=insert_passing)


# --------------------------------------------------------------- compare/energy/counters/passing.py


def passing_work(name, params, placement, counters):
    return EngineWork(name=name, memory_bits=0, accesses=(), arithmetic=(), busy=counters["values"])


PASSING_ENERGY = EngineEnergy(
    label="passing",
    widths=lambda params: Widths(weight_bits=0, act_bits=1, state_bits=0),
    memories=lambda params: Memories(weight_bits=0, state_bits=0, activation_bits=0),
    work=passing_work,
)


# ------------------------------------------------------------------------------------ the registries


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setitem(ENGINES, PassingParams, lambda params, images, first_region: Passing(params))
    monkeypatch.setitem(LAYOUTS, PassingParams, LAYOUT)
    monkeypatch.setitem(MODELS, PassingParams, EngineModel(run=run_passing, link=passing_link))
    monkeypatch.setitem(PLACERS, PassingParams, PASSING)
    monkeypatch.setitem(ENERGY, PassingParams, PASSING_ENERGY)


def chain(*, passing):
    neuron = LifParams(threshold=9, state_bits=12)
    first = SpikingParams(inputs=6, neurons=7, neuron=neuron, lanes=2, weight_bits=4)
    last = SpikingParams(inputs=7, neurons=4, neuron=neuron, lanes=2, weight_bits=4, readout=Readout.COUNT)
    between = (PassingParams(inputs=7),) if passing else ()
    return AcceleratorParams(name="passing", engines=(first, *between, last), host_input=HostInput.TOKENS)


def test_a_new_engine_runs_in_a_chain():
    params = chain(passing=True)
    design = random_design(params, seed=5)
    x = random_samples(design, 5, seed=7)
    expected = accelerator.run(design, x)
    assert expected.counters["1.values"].sum() > 0
    got = answers_of(design, x)
    assert [list(words) for words, _ in got] == expected.outputs.tolist()
    assert [cycles for _, cycles in got] == expected.cycles.tolist()
    energy = counter_energy(load_technology("horowitz45"), params, expected.counters, expected.cycles)
    assert (energy.total > 0).all()


def test_it_changes_nothing_and_takes_no_time():
    designs = [random_design(chain(passing=passing), seed=5) for passing in (False, True)]
    results = [accelerator.run(design, random_samples(designs[0], 5, seed=7)) for design in designs]
    assert results[0].outputs.tolist() == results[1].outputs.tolist()
    assert results[0].cycles.tolist() == results[1].cycles.tolist()


def test_the_planner_puts_it_where_it_belongs():
    design = plan(random_design(chain(passing=False), seed=5).network)
    assert [type(engine) for engine in design.params.engines] == [SpikingParams, PassingParams, SpikingParams]
    assert design.stage_counts == (1, 0, 1)
