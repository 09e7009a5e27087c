"""--fit with an objective but without an engine: the best engine that fits, and what the others would take."""

import json

import numpy as np
import pytest
from support.command_line import refused, tospike
from support.dense_networks import network
from support.paths import EXAMPLES

from tospike.gen.area.systolic import Area
from tospike.gen.engine_choice import choose_engine
from tospike.gen.fit.auto_size import fit, systolic_engine
from tospike.gen.fold.fit import fit_dataflow
from tospike.gen.fold.objective import Objective
from tospike.gen.options.model import ModelOptions
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.params import InputError
from tospike.hw.params.devices import DEVICES
from tospike.sim import accelerator
from tospike.sim.cycles.back_to_back import interval

ECP5 = DEVICES["ecp5-85k"]


def fitters(net, objective):
    return {
        Engine.SYSTOLIC: lambda hardware: fit(systolic_engine(plan(net, hardware).params), ECP5),
        Engine.DATAFLOW: lambda hardware: fit_dataflow(net, hardware, ECP5, objective=objective),
    }


@pytest.mark.parametrize("objective", Objective)
def test_the_best_by_the_objective_and_its_figures_are_those_of_the_design(objective):
    net = network(24, 12, 5)
    choice = choose_engine(net, PlanOptions(), ECP5, fitters(net, objective), objective=objective)
    (other,) = choice.others
    assert {choice.best.engine, other.engine} == {Engine.SYSTOLIC, Engine.DATAFLOW}
    assert choice.best.rank(objective) <= other.rank(objective)
    design = plan(net, choice.refine(PlanOptions()))
    x = np.zeros((1, 24), dtype=np.int64)
    assert int(accelerator.run(design, x).cycles[0]) == choice.best.cycles
    assert interval(design.params) == choice.best.interval
    described = choice.describe()
    assert (described["engine"], described["objective"]) == (choice.best.engine.value, objective.value)
    assert described["others"][0]["cycles"] == other.cycles
    assert f"{other.engine.value} takes {other.cycles:,} cycles" in str(choice)


class Fixed:
    """A fit with given figures."""

    def __init__(self, cycles, **options):
        self.cycles, self.options = cycles, options
        self.area = Area(lut4=1, ff=1, bram=1, dsp=1)

    def refine(self, options):
        return options

    def describe(self):
        return {"cycles": self.cycles}


def lacks(hardware):
    raise InputError("needs 9 dsp of 2")


def test_what_does_not_fit_is_told():
    net = network(24, 12, 5)
    arrays = {Engine.SYSTOLIC: lambda hardware: Fixed(900), Engine.DATAFLOW: lacks}
    choice = choose_engine(net, PlanOptions(), ECP5, arrays, objective=Objective.LATENCY)
    assert choice.best.engine is Engine.SYSTOLIC
    assert choice.describe()["lacking"] == {"dataflow": "needs 9 dsp of 2"}
    assert "dataflow does not fit" in str(choice)
    with pytest.raises(InputError, match="needs 9 dsp of 2"):
        choose_engine(net, PlanOptions(), ECP5, {Engine.DATAFLOW: lacks}, objective=Objective.LATENCY)


def test_latency_and_throughput_may_choose_differently():
    """A folded pipeline with fewer cycles between samples than the array, and as many from end to end."""
    net = network(24, 12, 5)
    slow = {Engine.SYSTOLIC: lambda hardware: Fixed(50), Engine.DATAFLOW: lambda hardware: Fixed(60)}
    found = {
        objective: choose_engine(net, PlanOptions(fold=24), ECP5, slow, objective=objective).best.engine
        for objective in Objective
    }
    assert found == {Objective.LATENCY: Engine.SYSTOLIC, Objective.THROUGHPUT: Engine.DATAFLOW}


def test_when_the_engine_is_chosen():
    assert ModelOptions(fit="ecp5-85k", objective=Objective.LATENCY).chooses_engine
    assert not ModelOptions(fit="ecp5-85k").chooses_engine
    assert not ModelOptions(objective=Objective.LATENCY).chooses_engine
    assert not ModelOptions(fit="ecp5-85k", objective=Objective.LATENCY, engine=Engine.SYSTOLIC).chooses_engine


@pytest.mark.slow
def test_by_the_command_line(tmp_path):
    given = (EXAMPLES / "digits_ann.onnx", "--data", "digits", "--fit", "ecp5-85k", "--objective", "throughput")
    made = tospike("generate", "network", *given, "--out", "d", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "fit: dataflow for throughput:" in made.stdout.replace("\n", " ")
    manifest = json.loads((tmp_path / "d" / "manifest.json").read_text())
    chosen = manifest["choices"]["fit"]
    assert (chosen["engine"], [other["engine"] for other in chosen["others"]]) == ("dataflow", ["systolic"])
    wrong = tospike("generate", "network", *given, "--rows", "2", "--out", "e", cwd=tmp_path)
    refused(wrong, "--fit chooses the array: leave --rows out")
