"""The designs of a study, and how complete the search for them was. Costs are means per inference."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.compare.report.design import Kind, Side


@dataclass(frozen=True, kw_only=True)
class CandidateArea:
    """Cells on an FPGA, and area in the technology of the prices; ``None``: unknown."""

    lut4: int | None
    ff: int | None
    bram: int | None
    dsp: int | None
    um2: float
    """Memories, flip-flops and arithmetic; no wires, no control logic."""
    is_measured: bool
    """Whether the cells are those of synthesis rather than a prediction."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Engine, sizes and widths of a design."""

    engine: str
    """systolic-os, systolic-ws, conv, dataflow, event, delta, spiking, register, or mixed."""
    place: str | None
    """Where neurons have their states: memory, registers, or mixed; ``None`` without event engines."""
    lanes: int | None
    """Of the widest event engine."""
    rows: int | None
    cols: int | None
    """Of an array."""
    fold: int | None
    """Cycles of the slowest layer of dataflow engines."""
    clock_gating: bool
    """Whether the clock of engines, or of the array, stops while nothing is in them."""
    weight_bits: int
    act_bits: int | None
    """``None``: an SNN."""
    steps: int | None
    """``None``: an ANN."""
    code: str | None
    """How an SNN encodes values; ``None``: an ANN, or spikes as data."""


@dataclass(frozen=True, kw_only=True)
class Candidate(Shape):
    """A design of a side."""

    side: Side
    file: str
    """Its network."""
    seed: int | None
    """Seed of its training; ``None``: unknown, or several."""
    seeds: int
    """Networks that were trained like this; accuracies and costs are means over them."""
    is_quantised_after_training: bool
    """Whether widths, steps or code are others than in its file."""
    accuracy: float
    """On the test samples."""
    validation_accuracy: float | None
    """``None``: nothing was chosen."""
    accuracy_bound: float | None
    """Lower bound of its validation accuracy minus that of the target's network, one-sided, at 95 %; ``None``: nothing
    was compared."""
    eligible: bool
    """Whether its validation accuracy is high enough for the verdict."""
    cycles: float
    interval: float | None
    """Cycles from one sample to the next."""
    energy_pj: float
    """On the test samples, priced by ``cost_model``."""
    cost_model: str
    technologies: Mapping[str, float]
    """pJ by technology."""
    area: CandidateArea
    on_front: bool
    """Whether no candidate of its side is at least as accurate and as cheap, and better in one."""
    command: str
    """Makes it."""


@dataclass(frozen=True, kw_only=True)
class BestCandidates:
    """The cheapest eligible candidate of each side."""

    ann: Candidate
    snn: Candidate


@dataclass(frozen=True, kw_only=True)
class SearchReport:
    """How a search went."""

    objective: str
    """The cost that it minimises."""
    target: float
    """Validation accuracy that both sides should have."""
    target_side: Kind | None
    """The side whose most accurate network has it; ``None``: it was given."""
    margin: float
    """How far below the target a candidate may be; the bound of its difference has to be above this."""
    points: int
    """Designs in the grid, of the functions that ran."""
    ran: int
    """Designs whose costs are exact: the candidates."""
    pruned: int
    """Designs that a bound shows to be no better than a candidate."""
    over_budget: int
    """Designs that exceed the budget."""
    left: int
    """Designs for which there was no time."""
    functions: int
    """Networks with their widths, steps and codes."""
    functions_left: int
    """Those among them for which there was no time."""
    proven: bool
    """Whether no design of the grid is cheaper than the best, on the validation samples."""
    minutes: float
    """Time limit."""
    seconds: float
    validation_samples: int
    sentence: str


def short_name(candidate: Candidate) -> str:
    """Return a label for a figure: engine, bits of weights and activations, or steps."""
    more = f"{candidate.act_bits} bit" if candidate.act_bits else f"T = {candidate.steps}"
    return f"{candidate.engine}, {candidate.weight_bits} bit, {more}"


def describe(candidate: Candidate) -> str:
    """Describe a candidate in words: engine, size, widths."""
    size = [f"{candidate.rows} x {candidate.cols}"] if candidate.rows else []
    size += [f"{candidate.fold:,} cycles per layer"] if candidate.fold else []
    size += [f"{candidate.lanes} lane{'s'[: candidate.lanes > 1]}"] if candidate.lanes else []
    widths = [f"{candidate.weight_bits}-bit weights"]
    widths += [f"{candidate.act_bits}-bit activations"] if candidate.act_bits else []
    widths += [f"{candidate.steps} steps"] if candidate.steps else []
    widths += [f"{candidate.code} code"] if candidate.code else []
    widths += ["gated clock"] if candidate.clock_gating else []
    article = "an" if candidate.engine[0] in "aeiou" else "a"
    return ", ".join([f"{article} {candidate.engine} engine", *size, *widths])
