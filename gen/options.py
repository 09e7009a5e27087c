"""The options that every command about a trained network has, once."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from tospike.gen.devices import Device, find_device
from tospike.gen.fit import EITHER
from tospike.gen.nir_frameworks import DecayRule, Framework, Gain, Integration, Start, TauUnit
from tospike.gen.nir_import import read_options
from tospike.gen.nir_options import NirOptions
from tospike.gen.plan import AnnEngine, PlanOptions
from tospike.gen.quantize_options import QuantizeOptions
from tospike.hw.params import (
    Comparison,
    Dataflow,
    Encoding,
    InputError,
    LeakKind,
    Readout,
    Reset,
    ResetTiming,
    SpikingEngine,
    Sweep,
    WeightSource,
    require,
)
from tospike.sim.network import Decision

_NIR = {"rich_help_panel": "What a NIR file leaves open (default: what the file states, else what is said here)"}
_ONNX = {"rich_help_panel": "What an ONNX file leaves open"}
_QUANTISE = {"rich_help_panel": "Quantisation"}
_HARDWARE = {"rich_help_panel": "Hardware"}
_NIR_ONLY = (
    "framework", "dt", "tau_unit", "decay", "gain", "synapse_gain", "reset", "reset_timing", "comparison", "spike_bits",
    "refractory", "initial", "start", "min_v_mem", "integration", "encoding", "delta_threshold", "steps", "readout",
    "decision",
)  # fmt: skip
"""Fields of `ModelOptions` that are fields of `NirOptions` too."""


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Options that are not given are ``None``; each ends up in one of the three option classes of `gen`."""

    framework: Annotated[
        Framework | None,
        typer.Option(help="Take dt and the rules of this framework; single ones may be given.", **_NIR),
    ] = None
    dt: Annotated[float | None, typer.Option(help="Length of a time step in seconds [none].", **_NIR)] = None
    decay: Annotated[
        DecayRule | None, typer.Option(help="1 - dt / tau (euler), or exp(-dt / tau) [euler].", **_NIR)
    ] = None
    tau_unit: Annotated[
        TauUnit | None,
        typer.Option(help="The file's time constants are in seconds, steps, or seconds times dt [seconds].", **_NIR),
    ] = None
    gain: Annotated[
        Gain | None, typer.Option(help="LIF, LI: what an input is multiplied by, besides R [dt-over-tau].", **_NIR)
    ] = None
    synapse_gain: Annotated[
        Gain | None, typer.Option(help="Synaptic currents: the same, besides w_in [dt-over-tau].", **_NIR)
    ] = None
    reset: Annotated[Reset | None, typer.Option(help="What a spike does to the membrane [zero].", **_NIR)] = None
    reset_timing: Annotated[
        ResetTiming | None, typer.Option(help="In which step a spike resets the membrane [same].", **_NIR)
    ] = None
    comparison: Annotated[
        Comparison | None, typer.Option(help="v > threshold (above), or v >= threshold (at-least) [above].", **_NIR)
    ] = None
    spike_bits: Annotated[
        int | None, typer.Option(help="Up to 2**BITS - 1 spikes of a neuron in a step [1].", **_NIR)
    ] = None
    refractory: Annotated[int | None, typer.Option(help="Steps that a neuron rests after a spike [0].", **_NIR)] = None
    initial: Annotated[
        float | None, typer.Option(help="Membranes at the start of a sample, in thresholds [0].", **_NIR)
    ] = None
    start: Annotated[
        Start | None, typer.Option(help="Membranes begin at --initial, at v_leak, or at v_reset [initial].", **_NIR)
    ] = None
    min_v_mem: Annotated[
        float | None,
        typer.Option(
            help="Lower bound of membranes in each step, as in Sinabs; float only; none: -inf [none].", **_NIR
        ),
    ] = None
    integration: Annotated[
        Integration | None, typer.Option(help="IF and I: v += R I (step) or v += R I dt (time) [step].", **_NIR)
    ] = None
    encoding: Annotated[
        Encoding | None, typer.Option(help="How values become time steps; spike data need none [direct].", **_NIR)
    ] = None
    encoding_seed: Annotated[
        int | None, typer.Option(help="Encoding lfsr: where its random numbers begin [1].", **_NIR)
    ] = None
    delta_threshold: Annotated[
        int | None,
        typer.Option(
            help="Encoding delta, ANN engine delta: changes that are larger are sent, in integers [0].", **_NIR
        ),
    ] = None
    steps: Annotated[int | None, typer.Option(help="Time steps per sample [8].", **_NIR)] = None
    readout: Annotated[
        Readout | None, typer.Option(help="count, or membrane for a last I or LI [by the last neuron].", **_NIR)
    ] = None
    decision: Annotated[
        Decision | None,
        typer.Option(help="The class: the largest output, at the end or early, or who spikes first [largest].", **_NIR),
    ] = None

    frames: Annotated[
        int | None,
        typer.Option(
            help="ANN on spike trains: sum them in so many frames; 1: all steps [as the file states].", **_ONNX
        ),
    ] = None

    weight_bits: Annotated[int | None, typer.Option(help="Bits of a weight; ANN, 1: +1 and -1 [8].", **_QUANTISE)] = (
        None
    )
    act_bits: Annotated[int | None, typer.Option(help="ANN: bits of an activation [8].", **_QUANTISE)] = None
    input_bits: Annotated[
        int | None, typer.Option(help="SNN: bits of an input value [direct: 8, else 4].", **_QUANTISE)
    ] = None
    state_bits: Annotated[
        int | None, typer.Option(help="SNN: bits of a membrane [what calibration needs, and 1].", **_QUANTISE)
    ] = None
    leak: Annotated[
        LeakKind | None, typer.Option(help="SNN: leak by shift or multiplier [shift where exact].", **_QUANTISE)
    ] = None
    fraction_bits: Annotated[
        int | None, typer.Option(help="SNN: bits by which states are finer than weights [by leaks].", **_QUANTISE)
    ] = None
    scale_search: Annotated[
        int | None, typer.Option(help="SNN: scales to try for each layer [33 for recurrent or CubaLIF].", **_QUANTISE)
    ] = None
    decay_bits: Annotated[int | None, typer.Option(help="SNN: fraction bits of a decay [12].", **_QUANTISE)] = None

    rows: Annotated[int | None, typer.Option(help="Rows of the systolic array [1].", **_HARDWARE)] = None
    cols: Annotated[int | None, typer.Option(help="Columns of the systolic array [8].", **_HARDWARE)] = None
    dataflow: Annotated[Dataflow | None, typer.Option(help="Output- or weight-stationary array [os].", **_HARDWARE)] = (
        None
    )
    lanes: Annotated[
        int | None, typer.Option(help="Neurons that an event engine updates per cycle [8].", **_HARDWARE)
    ] = None
    engine: Annotated[
        SpikingEngine | None,
        typer.Option(help="SNN: states in memory, or in registers where a layer is small enough [event].", **_HARDWARE),
    ] = None
    ann_engine: Annotated[
        AnnEngine | None,
        typer.Option(
            help="ANN: a systolic array, or (dense) event engines: they skip zeros, or what stays [systolic].",
            **_HARDWARE,
        ),
    ] = None
    sweep: Annotated[
        Sweep | None,
        typer.Option(help="Event engines: sweep all words, or touched ones where IF and I allow [all].", **_HARDWARE),
    ] = None

    products_per_multiplier: Annotated[
        int | None, typer.Option(help="Systolic: 2 lets two columns share multipliers, for ECP5 [1].", **_HARDWARE)
    ] = None
    weights: Annotated[
        WeightSource | None,
        typer.Option(
            help="Systolic: weights on chip, or streamed in for each frame [memory; stream if --fit must].", **_HARDWARE
        ),
    ] = None
    fit: Annotated[
        str | None,
        typer.Option(help="Choose the fastest systolic array that fits ecp5-85k or ice40-up5k.", **_HARDWARE),
    ] = None
    argmax: Annotated[
        bool | None,
        typer.Option("--argmax", help="Send the index of the largest output instead of all outputs.", **_HARDWARE),
    ] = None

    event_bin: Annotated[
        int | None,
        typer.Option(help="Spike data: the port takes events, so many units of their time stamps a step.", **_HARDWARE),
    ] = None

    def _given(self, *names: str) -> dict[str, Any]:
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def of_kind(self, *, spiking: bool) -> "ModelOptions":
        """These options for one of an ANN and an SNN that share them: without what only the other has."""
        foreign = ("frames",) if spiking else (*self._only_spiking, "encoding_seed", "input_bits")
        return replace(self, **dict.fromkeys(foreign))

    @property
    def _shared(self) -> tuple[str, ...]:
        """Fields of `NirOptions` that an ANN has, too: a delta ANN has a threshold of changes."""
        return ("delta_threshold",) if self.ann_engine is AnnEngine.DELTA else ()

    @property
    def _only_spiking(self) -> tuple[str, ...]:
        """Fields of `NirOptions` that no ANN has."""
        return tuple(name for name in _NIR_ONLY if name not in self._shared)

    def nir(self, path: Path, *, spikes: bool = False) -> NirOptions | None:
        """What a NIR file states, with the given options instead where there are any; ``None`` for an ANN.

        With ``spikes`` the data are spike trains: their steps say nothing about an ANN.
        """
        given = self._given(*(_NIR_ONLY if path.suffix == ".nir" else self._only_spiking), "input_bits")
        given |= {"seed": self.encoding_seed} if self.encoding_seed is not None else {}
        if path.suffix != ".nir":
            given.pop("input_bits", None)
            if spikes:
                given.pop("steps", None)
            if given:
                name = "--" + next(iter(given)).replace("_", "-")
                raise InputError(f"{name} is for spiking networks (.nir), but {path} is not one: leave it out")
            return None
        require(self.frames is None, f"--frames is for ANNs (.onnx), but {path} is not one: leave it out")
        stated = read_options(path)
        return (stated.preset(self.framework) if self.framework else stated).given(**given)

    @property
    def quantize(self) -> QuantizeOptions:
        """How to quantise."""
        return QuantizeOptions(
            **self._given(
                "weight_bits",
                "act_bits",
                "input_bits",
                "state_bits",
                "fraction_bits",
                "scale_search",
                "leak",
                "decay_bits",
            )
        )

    @property
    def device(self) -> Device | None:
        """What the array is to fit."""
        if self.fit is None:
            return None
        for name in self._given("rows", "cols", "dataflow", "products_per_multiplier"):
            raise InputError(f"--fit chooses the array: leave --{name.replace('_', '-')} out, or --fit")
        return find_device(self.fit)

    @property
    def weight_sources(self) -> tuple[WeightSource, ...]:
        """Where weights may be for an array that is to fit, the best first."""
        return EITHER if self.weights is None else (self.weights,)

    @property
    def plan(self) -> PlanOptions:
        """How to put stages on engines."""
        return PlanOptions(
            **self._given(
                *self._shared,
                "rows",
                "cols",
                "dataflow",
                "lanes",
                "engine",
                "ann_engine",
                "sweep",
                "products_per_multiplier",
                "weights",
                "argmax",
                "event_bin",
            )
        )


def takes_model_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a typer command the fields of `ModelOptions` as options; it gets them together as ``options``."""
    signature = inspect.signature(command)
    own = [p for p in signature.parameters.values() if p.name != "options"]
    shared = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=f.type)
        for f in fields(ModelOptions)
    ]

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:
        chosen = {f.name: arguments.pop(f.name) for f in fields(ModelOptions)}
        command(**arguments, options=ModelOptions(**chosen))

    wrapper.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own), *shared]
    )
    wrapper.__annotations__ = {p.name: p.annotation for p in [*own, *shared]}
    return wrapper


def describe(options: PlanOptions) -> dict[str, Any]:
    """Plan options as JSON takes them."""
    return {name: getattr(value, "value", value) for name, value in asdict(options).items()}
