"""From a trained network, data and options to a design: import, quantise, plan."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tospike.gen.data.datasets import DataSet
from tospike.gen.data.layout import describe_layout, in_layout_of
from tospike.gen.dead_neurons import keep, read_neurons
from tospike.gen.engine_choice import AnyFit, EngineChoice, Fitter, choose_engine
from tospike.gen.exact.sides import placed
from tospike.gen.fit.auto_lanes import LaneFit, fit_lanes
from tospike.gen.fit.auto_size import fit, systolic_engine
from tospike.gen.fit.auto_size_conv import fit_conv
from tospike.gen.fit.fit import Fit
from tospike.gen.fit.room import require_image_room, require_room
from tospike.gen.fold.fit import DataflowFit, fit_dataflow
from tospike.gen.fold.objective import Objective
from tospike.gen.front_end import as_heard
from tospike.gen.load import front_end_of, load_network
from tospike.gen.nir.importer import settled_options
from tospike.gen.nir.options import NirOptions
from tospike.gen.options.model import ModelOptions
from tospike.gen.place.array import MOST_COLUMNS, needs_images
from tospike.gen.place.conv import columns
from tospike.gen.place.options import NOT_STREAMED, Engine, PlanOptions
from tospike.gen.place.placer import chosen_engines
from tospike.gen.place.plan import plan
from tospike.gen.place.streaming import stream_cost
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.result import Quantized
from tospike.gen.writable import layer_options_of, on_design_of, writable_design
from tospike.hw.params import InputError, WeightSource, of_layer, require
from tospike.hw.params.devices import Device
from tospike.sim.arithmetic import to_int64
from tospike.sim.cochlea.hearing import sound_of
from tospike.sim.design import Design
from tospike.sim.encoders.encoding import as_frames, as_partial_inferences, quantize_input
from tospike.sim.network import Array, Conv2d, InputSpec, Network
from tospike.sim.spiking.window import chain_order

Fitted = AnyFit | LaneFit | EngineChoice
"""What was chosen to fit a device."""
FIT_SAMPLES = 32
"""Training samples whose activity tells which engine of an SNN is the busiest."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A trained network as it is in its file, checked against the data."""

    network: Network
    choices: dict[str, Any]
    """The options of the import with the values that were used."""
    options: ModelOptions
    """All options, for this network."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """As `Prepared.warnings`."""
        return self.network.warnings


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """One trained network on its way to hardware."""

    network: Network
    """As trained, in floating point."""
    quantized: Quantized
    """The integer network."""
    planned: Design | InputError
    """The network on its engines, or why no engine can run it."""
    choices: dict[str, Any]
    """Every option with the value that was used."""
    fit: Fitted | None = None
    """The prediction, if arrays, lanes or an engine were chosen to fit a device."""
    whole: Network | None = None
    """``network`` with its dead neurons, if some were eliminated."""

    @property
    def imported(self) -> Network:
        """The network as it is in the file."""
        return self.whole or self.network

    @property
    def design(self) -> Design:
        """The network on its engines.

        Raises
        ------
        InputError
            No engine can run it; its float and golden accuracy are still available.
        """
        if isinstance(self.planned, InputError):
            raise self.planned
        return self.planned

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know before trusting the results, a line each."""
        return self.network.warnings

    def integers(self, x: Array) -> Array:
        """Return the samples of the data set as the hardware receives them: values on the input's grid, or spikes as
        they are.

        The values of an image for an SNN or a dataflow engine are ordered position by position; spike trains for an ANN
        are summed to frames. A delta ANN receives several frames, (N, partial inferences, inputs).
        """
        integers = _integers(self.quantized.network, x)
        if self.network.is_spiking or isinstance(self.planned, InputError):
            return integers
        shape = self.planned.params.engines[0].arriving_image
        return integers if shape is None else integers[..., chain_order(shape)]


def prepare(model: Path, data: DataSet, options: ModelOptions) -> Prepared:
    """Import, quantise (calibrated with the training part of ``data``) and plan.

    Raises
    ------
    InputError
        A file that cannot be imported, data that do not fit the network, or a number that does not fit its format. If
        no engine can run the network, only ``design`` raises.
    """
    return compile_network(import_network(model, data, options), data)


def import_network(model: Path, data: DataSet, options: ModelOptions) -> Trained:
    """Import a network for samples of ``data``.

    Raises
    ------
    InputError
        A file that cannot be imported, or data that do not fit the network.
    """
    front_end = front_end_of(model)
    data = data if front_end is None else as_heard(data, front_end)
    nir = nir_options(model, data, options)
    network = load_network(model, nir=nir)
    network = replace(network, warnings=(*network.warnings, *data.warnings))
    if options.time_bins is not None:
        network = replace(network, input=replace(network.input, time_bins=options.time_bins))
    options = options.for_network(network)
    if Engine.DELTA in chosen_engines(network, options.plan):
        inferences = data.steps if data.is_frames else network.input.time_bins if data.is_spikes else 1
        network = replace(network, input=replace(network.input, partial_inferences=inferences))
    values = _values(model, network, data)
    require(
        network.input.inputs == values,
        f"{model} takes {network.input.inputs} values per sample, but {data.name} has {values}: give other --data",
    )
    if not network.is_spiking and not data.has_steps:
        network = replace(network, input=in_layout_of(network.input, data))
    takes_frames = network.input.encoding is not None and network.input.encoding.code.takes_frames
    require(
        not takes_frames or data.is_frames,
        f"--encoding delta takes a frame for each step, but {data.name} has one per sample: give npz:FILE with frames, "
        "label",
    )
    require(
        takes_frames or network.input.partial_inferences > 0 or not data.is_frames,
        f"{data.name} has a frame for each step, which only --encoding delta takes, or for an ANN --engine delta: "
        "give that, or data with x, y",
    )
    require(
        options.event_bin is None or (network.is_spiking and network.input.encoding is None),
        f"--event-bin is for spiking networks that take spikes, but {network.name!r} does not here: leave it out",
    )
    require(
        data.time_bin_us is None or options.event_bin in (None, data.time_bin_us),
        f"--event-bin {options.event_bin} is not the time step of {data.name}, {data.time_bin_us} us: give the same",
    )
    data.require_classes(network.classes, network.name)
    choices: dict[str, Any] = {"model": model.name, "data": data.name, "split": data.split}
    if network.input.shape:
        choices["input"] = describe_layout(network.input, data)
    if nir is not None:
        choices["nir"] = settled_options(model, nir).describe()
    elif data.is_spikes:
        choices["spike trains"] = describe_frames(network.input.time_bins, data.steps)
    if front_end is not None:
        choices["cochlea"] = front_end.describe()
    if network.input.partial_inferences:
        choices["partial inferences"] = network.input.partial_inferences
    network = replace(network, warnings=(*network.warnings, *_clipped(network.input, data)))
    if network.warnings:
        choices["warnings"] = list(network.warnings)
    return Trained(network=network, choices=choices, options=options)


def compile_network(trained: Trained, data: DataSet) -> Prepared:
    """Quantise (calibrated with the training part of ``data``) and plan.

    Raises
    ------
    InputError
        A number does not fit its format. If no engine can run the network, only ``design`` raises.
    """
    network, options, choices = trained.network, trained.options, dict(trained.choices)
    hardware, device = options.plan, options.device
    _require_room(network, options, device)
    quantized = quantize(network, data.train_x, options.quantize)
    read = read_neurons(quantized.network)
    if hardware.writable:  # another network may have other dead neurons
        read = tuple(np.ones_like(own) for own in read)
    network, quantized = keep(network, read), replace(quantized, network=keep(quantized.network, read))
    fitted: Fitted | None = None
    planned: Design | InputError
    try:
        if device is not None:
            fitted = _fit(quantized.network, options, device, data)
            hardware = fitted.refine(hardware)
        quantized = replace(quantized, network=placed(quantized.network, hardware))
        planned = plan(quantized.network, hardware)
        if hardware.writable:
            bits = {s.name: of_layer(options.quantize, s.name).weight_bits for s in quantized.network.stages}
            planned = writable_design(planned, bits)
        streams = planned.params.weight_stream is not None
        require(hardware.weight_stream_bits is None or streams, NOT_STREAMED)
    except InputError as error:
        planned = error
    choices["quantize"] = quantized.describe()
    cols = columns(quantized.network)
    engine = hardware.engine or (None if hardware.is_placed else Engine.usual(spiking=network.is_spiking))
    choices["hardware"] = replace(hardware, cols=hardware.cols or cols, engine=engine).describe()
    if hardware.cols is None and cols < MOST_COLUMNS:
        choices["columns"] = f"{cols}: the last layer sends its sums channel by channel"
    dead = {stage.name: int((~own).sum()) for stage, own in zip(network.stages, read, strict=True) if not own.all()}
    if dead:
        choices["dead neurons, eliminated"] = dead
    if fitted is not None:
        choices["fit"] = fitted.describe()
    if isinstance(planned, Design) and (cost := stream_cost(planned.params)):
        choices["weight_stream"] = asdict(cost)
    return Prepared(
        network=network, quantized=quantized, planned=planned, choices=choices, fit=fitted, whole=trained.network
    )


def prepare_like(model: Path, data: DataSet, options: ModelOptions, host: Design, *, name: str) -> Prepared:
    """Import and compile a network for other hardware: see `compile_like`."""
    return compile_like(import_network(model, data, options.but(writable=True)), data, host, name=name)


def compile_like(trained: Trained, data: DataSet, host: Design, *, name: str) -> Prepared:
    """Quantise and plan a network for hardware that was generated for another one, with writable weights.

    Thresholds and the widths of states are those of ``host``; all else follows the options, which should be those with
    which it was generated.

    Parameters
    ----------
    trained
        The network, imported with the option ``writable``.
    host
        The design.
    name
        Its name, for errors.

    Raises
    ------
    InputError
        As `compile_network`, and if the network needs other hardware; the message says in what it differs.
    """
    stages, given = trained.network.stages, list(layer_options_of(host))
    require(
        len(stages) == len(given),
        f"{trained.network.name} has {len(stages)} layers, but {name} has {len(given)}: they need the same shape",
    )
    formats = {stage.name: own for stage, own in zip(stages, given, strict=True) if own}
    prepared = compile_network(replace(trained, options=trained.options.with_layers(formats)), data)
    return replace(prepared, planned=on_design_of(prepared.design, host, name=name))


def nir_options(model: Path, data: DataSet, options: ModelOptions) -> NirOptions | None:
    """Return what a NIR file leaves open, from the options and the data; ``None`` for an ANN.

    Raises
    ------
    InputError
        The file is not a NIR graph, or an option is for another kind of network or contradicts the data.
    """
    nir = options.nir(model, spikes=data.is_spikes)
    if nir is None or not data.has_steps:
        return nir
    require(
        options.steps in (None, data.steps),
        f"--steps {options.steps} is not the number of steps in {data.name}, {data.steps}: leave it out",
    )
    require(
        data.is_frames or options.encoding is None,
        f"--encoding is for values, but {data.name} holds spike trains: leave it out",
    )
    return nir.given(encoding=nir.encoding if data.is_frames else None, steps=data.steps)


def _clipped(spec: InputSpec, data: DataSet) -> tuple[str, ...]:
    """Return a warning if an encoding of unsigned integers clips values, which it does in floating point, too."""
    if spec.encoding is None or not spec.encoding.code.takes_integers or spec.format is None:
        return ()
    most, half = spec.scale * spec.format.max, spec.scale / 2
    clipped = float(np.mean((data.train_x < -half) | (data.train_x > most + half)))
    if clipped == 0:
        return ()
    part = f"{100 * clipped:.3g} % of the values in {data.name}"
    return (f"--encoding {spec.encoding.value} clips {part}, which are outside 0 to {most:g}: scale them",)


def _integers(network: Network, x: Array) -> Array:
    """Return samples as the hardware of an integer network receives them: see `Prepared.integers`."""
    spec = network.input
    if spec.front_end is not None:
        return sound_of(spec.front_end, x)
    x = as_partial_inferences(spec, x) if spec.partial_inferences else as_frames(spec, x)
    given = spec.encoding is None and network.is_spiking
    integers = (x if x.dtype.kind in "iu" else to_int64(x, "spikes of the data")) if given else quantize_input(spec, x)
    first = network.stages[0].synapses
    if network.stages[0].is_spiking and isinstance(first, Conv2d):
        return integers[..., chain_order(first.shape)]
    return integers


def _require_room(network: Network, options: ModelOptions, device: Device | None) -> None:
    """Refuse what cannot fit a device before the work of quantising it."""
    engines = set(chosen_engines(network, options.plan))
    if device is None or engines != {Engine.SYSTOLIC} or options.chooses_engine:
        return
    if needs_images(network):
        require_image_room(network, options.quantize, device)
    if WeightSource.STREAM not in options.weight_sources:
        require_room(network, options.quantize, device)


def _fit(network: Network, options: ModelOptions, device: Device, data: DataSet) -> Fitted:
    """Return arrays, lanes or an engine for a network that fit a device."""
    engines = chosen_engines(network, options.plan)
    require(not options.plan.is_placed, "--fit sizes an ANN or an SNN, not a hybrid: leave --place out, or --fit")
    if network.is_spiking:
        require(options.lanes is None, "--fit chooses the lanes of an SNN: leave --lanes out, or --fit")
        return fit_lanes(network, options.plan, device, _integers(network, data.train_x[:FIT_SAMPLES]))
    objective = options.objective or Objective.LATENCY

    def array(hardware: PlanOptions) -> Fit[Any]:
        if needs_images(network):
            return fit_conv(network, hardware, device, sources=options.weight_sources)
        engine = systolic_engine(plan(network, hardware).params)
        names = [stage.name for stage in network.stages]
        return fit(engine, device, sources=options.weight_sources, names=names)

    def dataflow(hardware: PlanOptions) -> DataflowFit:
        return fit_dataflow(network, hardware, device, objective=objective)

    if options.chooses_engine:
        fitters: dict[Engine, Fitter] = {Engine.SYSTOLIC: array, Engine.DATAFLOW: dataflow}
        return choose_engine(network, options.plan, device, fitters, objective=objective)
    return dataflow(options.plan) if Engine.DATAFLOW in engines else array(options.plan)


def _values(model: Path, network: Network, data: DataSet) -> int:
    """Return the number of values that this network gets per sample, or per step of a spike train."""
    if network.is_spiking or not data.is_spikes:
        return data.inputs
    frames = network.input.time_bins
    require(
        1 <= frames <= data.steps,
        f"{model} is an ANN, but {data.name} holds spike trains of {data.steps} steps: give --time-bins, from 1 (the "
        f"sum over all steps) to {data.steps} (every step on its own)",
    )
    return frames * data.inputs


def describe_frames(frames: int, steps: int) -> str:
    """Return, in words, how spike trains of ``steps`` steps enter an ANN."""
    if frames == 1:
        return f"spikes of all {steps} steps summed per channel"
    if frames == steps:
        return f"all {steps} steps concatenated to one vector"
    return f"spikes summed per channel in {frames} frames of {steps / frames:g} steps, concatenated"
