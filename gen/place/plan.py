"""From an integer network to the engines that run it."""

from enum import StrEnum
from typing import Any

from tospike.gen.place.conv import check_products, columns, in_passes, needs_images, plan_image, with_layers
from tospike.gen.place.dead_neurons import unused_inputs
from tospike.gen.place.options import AnnEngine, PlanOptions, SpikingEngine
from tospike.gen.place.windows import window_of
from tospike.gen.quantize.scale import signed_bits
from tospike.hw.params import (
    MAX_REGISTER_NEURONS,
    AcceleratorParams,
    ActivationParams,
    AnnLayerParams,
    ArrayParams,
    ChangeParams,
    Dataflow,
    DelayParams,
    DeltaAnnParams,
    DeltaParams,
    DenseLayer,
    EncoderParams,
    EngineParams,
    EventAnnParams,
    EventWindow,
    HostEventParams,
    HostInput,
    HostOutput,
    InputError,
    IntFormat,
    NeuronParams,
    NeuronUpdate,
    Readout,
    RegisterParams,
    RequantizeParams,
    SpikingLayerParams,
    SpikingParams,
    SystolicParams,
    WeightSource,
    ceil_div,
    of_layer,
    require,
)
from tospike.sim.design import Design
from tospike.sim.network import Activation, Decoding, InputSpec, Network, Requantize, SpikingNeuron, Stage
from tospike.sim.network.layers import sum_weights


def plan(network: Network, options: PlanOptions | None = None) -> Design:
    """Put every stage on an engine.

    Raises
    ------
    InputError
        If a stage has a neuron that is not quantised.
    """
    options = options or PlanOptions()
    for stage in network.stages:
        require(
            not isinstance(stage.neuron, Activation | SpikingNeuron),
            f"stage {stage.name!r} is not quantised",
        )
    network.require_one_kind()
    if network.is_spiking:
        return _spiking(network, options)
    return _systolic(network, options) if options.ann_engine is AnnEngine.SYSTOLIC else _frames(network, options)


def _name(network: Network) -> str:
    name = "".join(c if c.isalnum() else "_" for c in network.name)
    return name if name[:1].isalpha() else f"net_{name}"


def spiking_layer(
    engine: SpikingEngine,
    *,
    lanes: int,
    update: NeuronUpdate = NeuronUpdate.ALL,
    window: EventWindow | None = None,
    **knobs: Any,
) -> SpikingLayerParams:
    """Return the parameters of a spiking layer's engine; ``knobs`` are those of `SpikingLayerParams`.

    Raises
    ------
    InputError
        They are out of range, or the engine has no such knobs.
    """
    if engine is SpikingEngine.EVENT:
        return SpikingParams(**knobs, lanes=lanes, update=update, window=window)
    layer = RegisterParams(**knobs)
    require(
        lanes == layer.neurons and update is NeuronUpdate.ALL,
        f"a register engine updates its {layer.neurons} neurons at once: lanes must be as many, not {lanes}, and "
        "--update all",
    )
    return layer


def _input_format(network: Network) -> IntFormat:
    require(network.input.format is not None, f"network {network.name!r} has no integer input format")
    assert network.input.format is not None
    return network.input.format


def _systolic(network: Network, options: PlanOptions) -> Design:
    for layer, given in options.layers.items():
        shared = f"{layer}.{next(iter(given))} is for event engines, but all layers of {network.name!r} share one array"
        raise InputError(f"{shared}: leave it out, or give --ann-engine event")
    act, network = _input_format(network), in_passes(network, options.cols)
    check_products(network, options.products_per_multiplier)
    finer = max(stage.fraction_bits for stage in network.stages)
    requantize = RequantizeParams(fraction_bits=finer)
    array = ArrayParams(
        rows=options.rows,
        cols=options.cols or columns(network),
        dataflow=options.dataflow,
        act=act,
        weight_bits=_array_weight_bits(network, options.dataflow),
        acc_bits=max(accumulator_bits(stage, act, finer) for stage in network.stages),
        products_per_multiplier=options.products_per_multiplier,
    )
    engine: EngineParams
    if needs_images(network):
        require(
            options.weights is WeightSource.MEMORY,
            "only a network that is a chain of dense layers can have its weights streamed: give --weights memory",
        )
        engine = plan_image(network, array, requantize)
        network = with_layers(network, engine)
    else:
        engine = SystolicParams(
            array=array,
            layers=tuple(_dense(stage) for stage in network.stages),
            requantize=requantize,
            weights=options.weights,
        )
    host_output = HostOutput.ARGMAX if options.argmax else HostOutput.DENSE
    params = AcceleratorParams(name=_name(network), engines=(engine,), host_output=host_output)
    return Design(params=params, network=network, stage_counts=(len(network.stages),))


def _dense(stage: Stage) -> DenseLayer:
    clamp = stage.neuron.clamp if isinstance(stage.neuron, Requantize) else None
    return DenseLayer(rows=1, inputs=stage.dense.inputs, outputs=stage.dense.outputs, clamp=clamp)


def _frames(network: Network, options: PlanOptions) -> Design:
    """Plan an ANN on event engines: what is 0 is no event; or of a delta ANN, what has not changed."""
    engine = options.ann_engine
    require(
        options.weights is WeightSource.MEMORY,
        f"event engines have their weights on chip: give --weights memory, or leave --ann-engine {engine} out",
    )
    act, spec = _input_format(network), network.input
    threshold = options.delta_threshold if engine is AnnEngine.DELTA else None
    layers = [_ann_layer(stage, act, of_layer(options, stage.name).lanes, threshold) for stage in network.stages]
    encoders: tuple[DeltaParams, ...] = ()
    if threshold is not None:
        steps = max(1, spec.partial_inferences)
        encoders = (DeltaParams(inputs=spec.inputs, steps=steps, threshold=threshold, amounts=True, payload=act),)
    params = AcceleratorParams(
        name=_name(network),
        engines=(*encoders, *layers),
        host_output=HostOutput.ARGMAX if options.argmax else HostOutput.DENSE,
    )
    return Design(params=params, network=network, stage_counts=(0,) * len(encoders) + (1,) * len(layers))


def _ann_layer(stage: Stage, act: IntFormat, lanes: int, threshold: int | None) -> AnnLayerParams:
    """Return a layer on an event engine, that of a delta ANN if there is a threshold of changes."""
    synapses = stage.dense
    knobs: dict[str, Any] = {
        "inputs": synapses.inputs,
        "neurons": synapses.outputs,
        "lanes": _useful_lanes(synapses.outputs, lanes),
        "act": act,
        "weight_bits": max(2, weight_bits(stage)),
        "state_bits": max(4, accumulator_bits(stage, act, stage.fraction_bits)),
        "fraction_bits": stage.fraction_bits,
        "bias": bool(synapses.bias.any()),
    }
    if isinstance(stage.neuron, Requantize):
        activation: dict[str, Any] = {"act": act, "clamp": stage.neuron.clamp, "shift": stage.neuron.shift}
        if threshold is not None:
            return DeltaAnnParams(**knobs, activation=ChangeParams(**activation, change_threshold=threshold))
        return EventAnnParams(**knobs, activation=ActivationParams(**activation))
    return EventAnnParams(**knobs) if threshold is None else DeltaAnnParams(**knobs)


def _spiking(network: Network, options: PlanOptions) -> Design:
    spec = network.input
    payload = _input_format(network)
    engines: list[EngineParams] = []
    counts: list[int] = []
    chosen: set[StrEnum] = set()  # of what the user may ask for where it can be had
    if spec.encoding is not None:
        encoder = _encoder(spec, payload)
        engines.append(encoder)
        counts.append(0)
        payload = encoder.output.payload
    for index, stage in enumerate(network.stages):
        assert isinstance(stage.neuron, NeuronParams)
        last = index == len(network.stages) - 1
        window = window_of(stage, network.stages[index - 1].synapses.output_shape if index else ())
        longest = 0 if stage.delays is None else int(stage.delays.max())
        if options.event_bin is not None and index == 0:
            longest = max(1, longest)  # events come to a step in any order: a delay engine, even of none, puts them in
        if longest:
            engines.append(DelayParams(inputs=stage.synapses.inputs, longest=longest, payload=payload))
            counts.append(0)
        synapses = stage.weighted
        bias, neurons = bool(synapses.bias.any()), synapses.outputs
        small = window is None and neurons <= MAX_REGISTER_NEURONS
        own = of_layer(options, stage.name)
        in_registers = small and own.engine is SpikingEngine.REGISTER
        skips = window is None and not in_registers and stage.neuron.is_static and not bias
        _check_own(stage.name, options, small=small, skips=skips)
        knobs: dict[str, Any] = {
            "inputs": synapses.inputs,
            "neurons": neurons,
            "payload": payload,
            "weight_bits": max(2, weight_bits(stage)),
            "neuron": stage.neuron,
            "readout": _readout(network) if last else Readout.SPIKES,
            "count_bits": max(1, (spec.steps * stage.neuron.spike.max).bit_length()),
            "bias": bias,
            "recurrent": stage.recurrent is not None,
        }
        if in_registers:
            lanes = neurons
        else:
            lanes = _useful_lanes(neurons, own.lanes) if window is None else _window_lanes(window, own)
        kind = SpikingEngine.REGISTER if in_registers else SpikingEngine.EVENT
        update = own.update if skips else NeuronUpdate.ALL
        engine = spiking_layer(kind, lanes=lanes, update=update, window=window, **knobs)
        chosen |= {kind, update}
        engines.append(engine)
        counts.append(1)
        payload = engine.output.payload
    require(
        options.engine in (SpikingEngine.EVENT, *chosen),
        f"a register engine has up to {MAX_REGISTER_NEURONS} neurons, and all layers of {network.name!r} have more: "
        "leave --engine register out",
    )
    require(
        options.update in (NeuronUpdate.ALL, *chosen),
        f"--update active is for event engines of IF or I neurons without bias and refractory steps, and "
        f"{network.name!r} has none: leave it out",
    )
    params = AcceleratorParams(
        name=_name(network),
        engines=tuple(engines),
        host_input=_spiking_input(network, options),
        host_output=_spiking_output(network, options),
        host_events=None
        if options.event_bin is None
        else HostEventParams(time_bin=options.event_bin, steps=spec.steps),
        decision_steps=spec.steps if network.decoding is Decoding.EARLY else None,
        unused_inputs=unused_inputs(network),
    )
    return Design(params=params, network=network, stage_counts=tuple(counts))


def _check_own(layer: str, options: PlanOptions, *, small: bool, skips: bool) -> None:
    """Refuse what a layer alone was given, and cannot have."""
    given, own = options.layers.get(layer, {}), of_layer(options, layer)
    in_registers = own.engine is SpikingEngine.REGISTER
    require(
        small or not in_registers or "engine" not in given,
        f"layer {layer!r} cannot have a register engine, which has up to {MAX_REGISTER_NEURONS} neurons and no windows"
        f": leave {layer}.engine out",
    )
    require(
        not (small and in_registers) or "lanes" not in given,
        f"layer {layer!r} has a register engine, which updates all its neurons at once: leave {layer}.lanes out",
    )
    require(
        skips or own.update is NeuronUpdate.ALL or "update" not in given,
        f"layer {layer!r} has to update all words, for its neurons move without events too, or it has a register engine"
        f": leave {layer}.update out",
    )


def _encoder(spec: InputSpec, payload: IntFormat) -> EncoderParams | DeltaParams:
    assert spec.encoding is not None
    if spec.encoding.takes_frames:
        return DeltaParams(inputs=spec.inputs, steps=spec.steps, threshold=spec.delta_threshold, payload=payload)
    return EncoderParams(inputs=spec.inputs, steps=spec.steps, encoding=spec.encoding, payload=payload, seed=spec.seed)


def _readout(network: Network) -> Readout:
    """Return what the last engine sends: who spikes first, and how soon most, is seen in the spikes."""
    return network.readout or Readout.COUNT if network.decoding is Decoding.LARGEST else Readout.SPIKES


def _spiking_input(network: Network, options: PlanOptions) -> HostInput:
    if network.input.encoding is not None:
        return HostInput.DENSE
    return HostInput.TOKENS if options.event_bin is None else HostInput.EVENTS


def _spiking_output(network: Network, options: PlanOptions) -> HostOutput:
    if network.decoding is not Decoding.LARGEST:
        decision = network.decoding.value
        require(not options.argmax, f"--decoding {decision} sends the class already: leave --argmax out")
        return HostOutput(decision)
    if options.argmax:
        return HostOutput.ARGMAX
    return HostOutput.TOKENS if network.readout is Readout.SPIKES else HostOutput.DENSE


def _useful_lanes(neurons: int, lanes: int) -> int:
    """Return the fewest lanes that need no more cycles per event than ``lanes``."""
    return ceil_div(neurons, ceil_div(neurons, lanes))


def _window_lanes(window: EventWindow, options: PlanOptions) -> int:
    """Return the lanes for the channels of a window."""
    lanes = _useful_lanes(window.channels, min(options.lanes, window.channels))
    if not window.depthwise:
        return lanes
    each = window.fan_out
    return max(n for n in range(1, min(options.lanes, window.channels) + 1) if n % each == 0 or each % n == 0)


def _array_weight_bits(network: Network, dataflow: Dataflow) -> int:
    """1 if every weight of the network is +1 or -1; a weight-stationary array needs 0 as well."""
    bits = max(weight_bits(stage) for stage in network.stages)
    return bits if dataflow is Dataflow.OS else max(2, bits)


def weight_bits(stage: Stage) -> int:
    """Return the bits that the stage's weights need: 1 if all are +1 or -1, else those of two's complement."""
    weight, _ = sum_weights(stage.synapses)
    weights = (weight, *(() if stage.recurrent is None else (stage.recurrent,)))
    if all((abs(weight) == 1).all() for weight in weights):
        return 1
    return max(2, *(signed_bits(int(end)) for weight in weights for end in (weight.min(), weight.max())))


def accumulator_bits(stage: Stage, activation: IntFormat, finer: int) -> int:
    """Return the bits that no sum of this stage can leave, by ``finer`` bits finer and bias included, and no partial
    sum."""
    weight, bias = sum_weights(stage.synapses)
    positive, negative = weight.clip(min=0).sum(axis=1), weight.clip(max=0).sum(axis=1)
    high = positive * activation.max + negative * activation.min << finer
    low = positive * activation.min + negative * activation.max << finer
    highest = max(int(high.max()), int((high + bias).max()))
    lowest = min(int(low.min()), int((low + bias).min()))
    return max(signed_bits(lowest), signed_bits(highest), activation.bits + max(2, weight_bits(stage)))
