"""Place dense layers and convolutions of an ANN on dataflow engines: one per layer, each with its own folding."""

import numpy as np

from tospike.gen.fold.folding import Fold, cheapest_fold, cheapest_window_fold
from tospike.gen.place.array import requantizer, require_no_table
from tospike.gen.place.options import Engine
from tospike.gen.place.placer import (
    MemoryInit,
    Placed,
    Placer,
    Site,
    input_format,
    random_integers,
    require_weights_on_chip,
)
from tospike.gen.place.widths import accumulator_bits, weight_bits
from tospike.hw.dataflow import layout
from tospike.hw.params import (
    BYTES_PER_BEAT,
    AcceleratorParams,
    BeatFormat,
    DataflowDenseParams,
    ImageWindow,
    ceil_div,
    require,
)
from tospike.sim.design import Design
from tospike.sim.network import Accumulator, Add, Array, Conv2d, Dense, MaxPool2d, Requantize, Stage, SumPool2d
from tospike.sim.spiking.arrays import arriving_image
from tospike.sim.spiking.window import chain_order


def _place(site: Site) -> Placed | None:
    network, stage = site.network, site.stage
    if stage.is_spiking or site.engine is not Engine.DATAFLOW:
        return None
    require_chain(site)
    if not isinstance(stage.synapses, Dense | Conv2d):
        return None
    act, requantize = input_format(network), requantizer(network)
    lanes = input_lanes(site, act.bits)
    fold = _fold(site, stage.synapses, lanes)
    neuron = stage.neuron
    engine = DataflowDenseParams(
        inputs=fold.inputs,
        outputs=fold.outputs,
        simd=fold.simd,
        pe=fold.pe,
        act=act,
        input_lanes=lanes,
        output_lanes=fold.output_lanes,
        weight_bits=max(2, weight_bits(stage)),
        acc_bits=accumulator_bits(stage, act, requantize.fraction_bits),
        dsp_products=_dsps(site, fold),
        clamp=neuron.clamp if isinstance(neuron, Requantize) else None,
        shift=neuron.shift if isinstance(neuron, Requantize) else 0,
        requantize=requantize,
        window=fold.window,
    )
    return Placed(engine=engine, stages=(stage,))


def _fold(site: Site, synapses: Dense | Conv2d, lanes: int) -> Fold:
    """Return the folding of a layer behind a link of so many lanes."""
    cycles, name = site.own.fold, site.stage.name
    if isinstance(synapses, Dense):
        return cheapest_fold(synapses.inputs, synapses.outputs, input_lanes=lanes, cycles=cycles, name=name)
    window = image_window(synapses, pad_value=synapses.pad_value)
    return cheapest_window_fold(window, synapses.channels, input_lanes=lanes, cycles=cycles, name=name)


def image_window(synapses: Conv2d | MaxPool2d | SumPool2d, *, pad_value: int) -> ImageWindow:
    """Return the window of a layer, with a lane."""
    window = synapses.window
    return ImageWindow(
        shape=synapses.shape,
        kernel=window.kernel,
        stride=window.stride,
        padding=(window.padding[0], window.padding[1]),
        size=window.positions(synapses.shape),
        pad_value=pad_value,
        lanes=1,
    )


def require_chain(site: Site) -> None:
    """Refuse what no dataflow engine runs.

    Raises
    ------
    InputError
        The network branches, this layer is of another kind, or the weights are to be streamed in.
    """
    require_weights_on_chip(site, "dataflow")
    require_no_table(site.stage, "dataflow")
    stage, otherwise = site.stage, "give --engine systolic, whose conv engine does"
    branches = any(len(each.sources) > 1 or isinstance(each.synapses, Add) for each in site.network.stages)
    straight = all(site.network.sources(index) == (index - 1,) for index in range(len(site.network.stages)))
    require(
        straight and not branches,
        f"dataflow engines run chains of layers, but {site.network.name!r} branches: {otherwise}",
    )
    depthwise = isinstance(stage.synapses, Conv2d) and stage.synapses.groups > 1
    require(
        not depthwise,
        f"layer {stage.name!r} is a depthwise convolution, which no dataflow engine runs: {otherwise}",
    )
    kind = type(stage.synapses).__name__
    require(
        isinstance(stage.synapses, Dense | Conv2d | MaxPool2d | SumPool2d),
        f"layer {stage.name!r} is {kind}, which no dataflow engine runs: {otherwise}",
    )


def input_lanes(site: Site, bits: int) -> int:
    """Return the values in a beat of what arrives: of a packed one of the host's, the fewest with which no frame takes
    more beats; of an image, whole pixels or equal parts of a pixel."""
    upstream = site.engines[-1].output if site.engines else None
    if isinstance(upstream, BeatFormat):
        return upstream.lanes
    if site.options.host_bits is None:
        return BYTES_PER_BEAT
    inputs, most = site.stage.synapses.inputs, site.options.host_bits // bits
    channels = getattr(site.stage.synapses, "shape", (1,))[0]
    if channels > most:
        return max(lanes for lanes in range(1, most + 1) if channels % lanes == 0)
    pixels = inputs // channels
    return channels * ceil_div(pixels, ceil_div(pixels, most // channels))


def _dsps(site: Site, fold: Fold) -> int | None:
    """Return how many products DSP blocks compute; ``None`` for all of them."""
    most = site.own.dsp_products
    return None if most is None else min(most, fold.simd * fold.pe)


def _pack(params: DataflowDenseParams, design: Design, index: int) -> MemoryInit:
    (stage,) = design.stages_of(index)
    neuron = stage.neuron
    return layout.pack(
        params,
        weights=_weights(params, design, index).tolist(),
        biases=stage.weighted.bias.tolist(),
        multipliers=neuron.multiplier.tolist() if isinstance(neuron, Requantize) else None,
    )


def _weights(params: DataflowDenseParams, design: Design, index: int) -> Array:
    """Return (outputs, inputs) in the order of the inputs on the link, or in a window."""
    (stage,) = design.stages_of(index)
    if params.window is not None:
        return window_weights(params.window, stage.weighted.weight)
    shape = arriving_image(design, index)
    return stage.dense.weight if shape is None else stage.dense.weight[:, chain_order(shape)]


def window_weights(window: ImageWindow, weight: Array) -> Array:
    """Return (outputs, values) of (outputs, channels, kernel height, kernel width), in the order of a window's values.

    Words follow one another by kernel row, column and channel; if all rows are read at once, a word has a part of each.
    """
    parts = weight.reshape(len(weight), window.pixel_words, window.lanes, window.steps, -1, window.kernel[1])
    return parts.transpose(0, 3, 5, 1, 4, 2).reshape(len(weight), -1)


def _random(
    params: AcceleratorParams, index: int, engine: DataflowDenseParams, rng: np.random.Generator
) -> list[Stage]:
    """Return a random layer, requantised such that results span the clamping range and somewhat more."""
    shape: tuple[int, ...] = (engine.outputs, engine.inputs)
    if engine.window is not None:
        shape = (engine.outputs, engine.window.shape[0], *engine.window.kernel)
    weight = random_integers(rng, engine.weight, shape)
    bias = random_integers(rng, engine.weight, (engine.outputs,))
    fraction_bits = engine.requantize.fraction_bits
    neuron: Requantize | Accumulator = Accumulator(fraction_bits=fraction_bits)
    if engine.clamp is not None:
        most = engine.requantize.multiplier.max
        multiplier = rng.integers(most // 2, most, size=engine.outputs, endpoint=True)
        neuron = Requantize(multiplier=multiplier, shift=engine.shift, clamp=engine.clamp, fraction_bits=fraction_bits)
    synapses = Dense(weight=weight, bias=bias) if engine.window is None else _conv2d(engine.window, weight, bias)
    return [Stage(name=f"engine_{index}", synapses=synapses, neuron=neuron)]


def _conv2d(window: ImageWindow, weight: Array, bias: Array) -> Conv2d:
    return Conv2d(
        shape=window.shape,
        weight=weight,
        bias=bias,
        stride=window.stride,
        padding=padding_of(window),
        pad_value=window.pad_value,
    )


def padding_of(window: ImageWindow) -> tuple[int, int, int, int]:
    """Return (top, left, bottom, right): below and to the right, as much as the last windows cover."""
    bottom, right = (
        max(0, (count - 1) * step - pad + kernel - size)
        for count, step, pad, kernel, size in zip(
            window.size, window.stride, window.padding, window.kernel, window.shape[1:], strict=True
        )
    )
    top, left = window.padding
    return top, left, bottom, right


DATAFLOW_DENSE = Placer(place=_place, pack=_pack, random_stages=_random)
