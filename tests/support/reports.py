"""Reports made by hand, for the tests of what judges and shows them."""

from dataclasses import replace

import numpy as np

from tospike.compare.energy.activity import EngineActivity, Memories, Widths
from tospike.compare.energy.break_even import SpikeActivity
from tospike.compare.energy.counts.model import energy
from tospike.compare.energy.counts.models import MODELS
from tospike.compare.energy.counts.operations import HOROWITZ_45
from tospike.compare.energy.gates.annotate import WireModel
from tospike.compare.energy.gates.levels import PartLevels
from tospike.compare.energy.gates.parts import PARTS
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.gates.summary import ClockTree, GateEnergyReport, GateReport, LevelTotals
from tospike.compare.energy.levels import TERMS, Difference
from tospike.compare.energy.summary import CounterEnergyReport, spread
from tospike.compare.energy.technology import Platform, load_technology
from tospike.compare.report.area import FpgaArea, Resources
from tospike.compare.report.candidates import BestCandidates, Candidate, CandidateArea
from tospike.compare.report.design import Accuracy, DesignReport, Distribution
from tospike.compare.report.study import (
    BreakEvenReport,
    Provenance,
    Seeds,
    StudyReport,
    TechnologyReport,
    WorkloadReport,
)
from tospike.compare.report.variations import Sensitivity, Variant
from tospike.compare.study.judged import Judged
from tospike.compare.study.variations.matched_qnn import compare_matched_qnn
from tospike.compare.study.verdict import judge
from tospike.synth.report import CriticalPath

SAMPLES = 449
FMAX = 131.25
HOROWITZ = load_technology("horowitz45")
NOTHING = Resources(lut4=0, carry=0, ff=0, bram=0, dsp=0, lutram=0, spram=0)


def area(engine, dsp=8, **changes):
    """A design on an FPGA whose only engine is called so."""
    part = Resources(lut4=922, carry=251, ff=586, bram=5, dsp=7, lutram=0, spram=0)
    found = FpgaArea(
        target="ecp5-85k",
        speed=6,
        seed=1,
        lut4=1432,
        carry=310,
        ff=988,
        bram=6,
        dsp=dsp,
        lutram=0,
        spram=0,
        fmax_mhz=FMAX,
        critical_path=CriticalPath(start="a", end="b", logic_ns=3.25, routing_ns=4.5),
        engines={engine: part},
        wrapper=NOTHING,
        placed={},
        limits={},
        tools={"yosys": "0.66"},
        options={},
    )
    return replace(found, **changes)


def counter_energy(pj, **technologies):
    """Counters of samples of ``pj``; means on other technologies are as many times as much."""
    pj = np.asarray(pj, dtype=float)
    prices = {"horowitz45": 1, **technologies}
    return CounterEnergyReport(
        **spread(pj),
        technology="horowitz45",
        static=77.25,
        parts={"mac": float(pj.mean())},
        terms={"mac": float(pj.mean())},
        area_um2=123456.0,
        busy={"engine_0": 0.625},
        technologies={name: times * float(pj.mean()) for name, times in prices.items()},
        technology_samples={name: tuple((times * pj).tolist()) for name, times in prices.items()},
        platforms=dict.fromkeys(prices, Platform.ASIC),
    )


def candidate(side, **changes):
    """A candidate of a side."""
    found = Candidate(
        side=side,
        file="a.onnx" if side == "ann" else "s.nir",
        engine="event" if side == "ann" else "register",
        place="registers",
        lanes=8,
        clock_gating=False,
        rows=None,
        cols=None,
        fold=None,
        weight_bits=8,
        act_bits=4 if side == "ann" else None,
        steps=None if side == "ann" else 5,
        code=None if side == "ann" else "rate",
        seed=None,
        seeds=1,
        is_quantised_after_training=False,
        accuracy=0.98,
        validation_accuracy=None,
        accuracy_bound=None,
        eligible=True,
        cycles=100.0,
        interval=100.0,
        energy_pj=4000.0,
        cost_model="horowitz45",
        technologies={"horowitz45": 4000.0},
        area=CandidateArea(lut4=None, ff=None, bram=None, dsp=None, um2=1e4, is_measured=False),
        on_front=True,
        command=f"tospike generate network a --out build/{side}",
    )
    return replace(found, **changes)


def candidate_of(design, **changes):
    """The candidate that became a design."""
    counted = design.counters_pj
    given = {"accuracy": design.accuracy.golden, "energy_pj": counted.total, "technologies": counted.technologies}
    return candidate(design.kind, **{**given, **changes})


def judged(ann, snn, *others, place="registers"):
    """What a verdict compares: two designs, and other candidates."""
    against, best = candidate_of(ann), candidate_of(snn, place=place)
    return Judged(
        runs={"ann": ((ann,),), "snn": ((snn,),)},
        against=against,
        judged=best,
        candidates=(against, best, *others),
        platform=Platform.ASIC,
        technologies=tuple(ann.counters_pj.technologies),
    )


def verdict_of(ann, snn, *others, workload="digits", place="registers"):
    """Judge two designs."""
    return judge(workload, [judged(ann, snn, *others, place=place)])


def operation_energy(operations):
    """Energy of (N,) counts."""
    engine = EngineActivity(
        name="0",
        operations=operations,
        widths=Widths(weight_bits=8, act_bits=8, state_bits=16),
        memories=Memories(weight_bits=19000, state_bits=700, activation_bits=1500),
    )
    return energy(HOROWITZ_45, [engine]).summary()


def answers(accuracy, samples=SAMPLES):
    """Answers of which the last ones are wrong."""
    right = round(accuracy * samples)
    return (1,) * right + (0,) * (samples - right)


def design(kind, *, cycles=371, operations=None, engine="engine", dsp=8, **changes):
    """A design with 5 % scatter in everything that depends on the data."""
    rng = np.random.default_rng(len(kind) + dsp)
    per_sample = rng.normal(cycles, cycles / 20, SAMPLES).astype(int)
    counts = {name: rng.normal(mean, mean / 20, SAMPLES) for name, mean in (operations or {"mac": 2368}).items()}
    by_counts = operation_energy(counts)
    by_counters = counter_energy(1.5 * np.array(by_counts.samples), osu018=20)
    found = DesignReport(
        name=f"digits_{kind}",
        kind=kind,
        description="64-32-10 <small> & simple",
        accuracy=Accuracy(of_float=0.981, golden=0.977, golden_as_rtl=0.977, rtl=0.975),
        rtl_samples=SAMPLES,
        mismatches=0,
        cycles=Distribution.of(per_sample),
        fpga=area(engine, dsp),
        latency_us=Distribution.of(per_sample / FMAX),
        operations={name: float(values.mean()) for name, values in counts.items()},
        energy_pj=by_counts,
        counters_pj=replace(by_counters, rtl=by_counters.total),
        levels=(
            Difference(term="mac", counts=100.0, counters=120.25),
            *(Difference(term=term, counts=0.0, counters=10.5) for term in TERMS if term != "mac"),
        ),
        gates_pj=None,
        published_pj={name: 1000.0 + len(name) for name in MODELS},
        choices={"weight_bits": 8, "dt": 1e-4, "bias": True},
        cycles_samples=tuple(per_sample.tolist()),
        correct_samples=answers(0.977),
    )
    return replace(found, **changes)


def study(**changes):
    """An ANN and an SNN on the digits."""
    ann = design(
        "ann",
        operations={"mac": 2368, "weight_read": 2368, "activation_read": 577},
        engine="systolic",
        dsp=10,
    )
    operations = {"mac": 8429, "sop": 941, "state_read": 9707, "odd": 3}
    snn = design("snn", cycles=1430, operations=operations, engine="event0", dsp=0)
    found = StudyReport(
        workload=WorkloadReport(name="digits", description="8 x 8 pixels", samples=SAMPLES, split="last quarter"),
        question="Should this network be spikes or not?",
        warnings=(),
        verdict=verdict_of(ann, snn),
        designs=(ann, snn),
        candidates=(candidate_of(ann), candidate_of(snn)),
        best=BestCandidates(ann=candidate_of(ann), snn=candidate_of(snn)),
        activity=SpikeActivity(
            spikes_per_synapse=1.25,
            spikes_per_neuron=1.5,
            spike_rate=0.3125,
            spikes_per_activation=2.875,
            density=0.4375,
        ),
        break_even=BreakEvenReport(
            n=2.875,
            n_star={"horowitz45": 2.5, "osu018": 0.0},
            published={"Somebody 2021": (1.72, 1.72), "Others 2023": (0.25, 2.5)},
            formula={"state in SRAM, reuse 16": 0.0475},
        ),
        sensitivity=(
            Sensitivity(change="SNN: 2 lanes", accuracy=0.9375, ratio=0.875, factor=0.75, flips=True, comparable=False),
            Sensitivity(change="technology x", accuracy=None, ratio=2.125, factor=1.5, flips=False, comparable=True),
        ),
        variants=(
            Variant(kind="ann", change="", accuracy=0.98, pj=3000.0),
            Variant(kind="ann", change="ANN: 4-bit weights", accuracy=0.95, pj=2000.0),
            Variant(kind="snn", change="", accuracy=0.97, pj=4000.0),
            Variant(kind="snn", change="SNN: 2 lanes", accuracy=0.97, pj=5000.0),
        ),
        models={name: model.source for name, model in MODELS.items()},
        constants=HOROWITZ_45.constants,
        technology=TechnologyReport(
            name=HOROWITZ.name,
            description=HOROWITZ.description,
            platform=HOROWITZ.platform,
            constants=HOROWITZ.describe(),
        ),
        provenance=Provenance(
            tospike="0.1.0",
            command="tospike compare digits --out build/digits",
            tools={"yosys": "0.66", "nextpnr-ecp5": "0.11.1"},
            seeds=Seeds(placement=1),
            seconds={"rtl": 31.53},
        ),
    )
    return replace(found, **changes)


def with_designs(report, change):
    """The study with both designs changed, and judged again."""
    designs = tuple(change(each) for each in report.designs)
    return replace(report, designs=designs, verdict=verdict_of(*designs))


def without_synthesis(report):
    """The study with all missing that nobody needs to ask for: no synthesis, nothing varied, no break-even."""
    bare = replace(report, sensitivity=None, variants=None, break_even=None)
    return with_designs(bare, lambda each: replace(each, fpga=None, latency_us=None, choices={}))


def with_matched_qnn(report):
    """The study with the bit-matched QNN, of which there is no RTL and no synthesis."""
    ann, snn = report.designs
    qnn = replace(
        ann,
        name="a_qnn",
        kind="qnn",
        rtl_samples=0,
        mismatches=None,
        fpga=None,
        latency_us=None,
        accuracy=Accuracy(of_float=0.9, golden=0.5, rtl=None),
        counters_pj=replace(ann.counters_pj, rtl=None),
    )
    return replace(report, controls=(qnn,), matched_qnn=compare_matched_qnn(snn, qnn, steps=5, bits=3))


def gates(kind, **changes):
    """Gates of a design."""
    parts = {part: 100.0 + number for number, part in enumerate(PARTS)}
    total = sum(parts.values()) * (2 if kind == "snn" else 1)
    found = GateReport(
        library="some.lib",
        technology="osu018",
        booth=False,
        wires=WireModel(),
        cells=4321,
        ff=987,
        area=12345.5,
        memory_bits=0,
        clock_tree=ClockTree(sinks=9, buffers=1, buffer="BUF", pins_pj=1.0, tree_pj=2.0, leakage_nw=3.0),
        tools={"yosys": "0.66"},
        samples=7,
        cycles=96.0,
        period_ns=10.5,
        period_source="OpenSTA 9",
        delays={
            DelayModel.ZERO: gate_energy([total], parts=parts),
            DelayModel.LIBRARY: gate_energy([2 * total], parts=parts),
        },
        levels=LevelTotals(counts=111.0, counters=222.0, zero=total, library=2 * total),
        parts=tuple(
            PartLevels(part=part, counts=5.0, counters=11.0 if part == "clock" else 0.0, zero=30.0, library=40.0)
            for part in PARTS
        ),
    )
    return replace(found, **changes)


def gate_energy(pj, **changes):
    """One delay model, of samples of ``pj``."""
    pj = np.asarray(pj, dtype=float)
    found = GateEnergyReport(**spread(pj), static=211.0, parts={}, modules={}, edges=1000.0)
    return replace(found, **changes)
