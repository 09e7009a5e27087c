"""Memory contents and counter names of the event engines. Plain Python, no Amaranth."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from tospike.hw.layout import MemoryShape, pack_lanes
from tospike.hw.params import EventParams, EventWindow, IntFormat, require

Rows = Sequence[Sequence[int]]

ACTIVATION_COUNTERS = ("results", "activations")
CHANGE_COUNTERS = ("stored",)
NOT_BY_LANE = ("multipliers", "threshold")
"""Memories whose words are no words of lanes."""
COUNTERS = ("values", "ticks", "samples", "synapse_words", "update_words", "spikes", "saturations")


def counter_names(params: EventParams) -> tuple[str, ...]:
    """Return the fields of an engine's ``counters``, in order.

    Incoming tokens (``values``, ``ticks``, and ENDs as ``samples``), state words that VALUEs accumulated into
    (``synapse_words``) and that TICKs and ENDs updated (``update_words``), ``spikes``, and saturating additions
    (``saturations``). An ANN layer also counts requantised membranes (``results``) and sent ``activations``; in a delta
    ANN, sent changes, and words ``stored`` as last sent, which include all of a sample's first frame.
    """
    extra = () if params.activation is None else ACTIVATION_COUNTERS
    return COUNTERS + extra + (CHANGE_COUNTERS if params.sends_changes else ())


def memories(params: EventParams) -> tuple[MemoryShape, ...]:
    """Return the memories with contents, in the order of their configuration regions.

    ``weights``
        The ``words`` words of input 0, then those of input 1, ..., and last those of a recurrent engine's neurons. With
        a window, the words of tap (0, 0) and input channel 0, then of channel 1, ..., of tap (0, 1), ...
    ``bias``
        A word per state word of a position; only if ``params.bias``.
    ``decays``
        A word per state word of a position, with the membrane's decay below the synapse's, or the first tap lowest, in
        each lane; only if they differ between neurons.
    ``threshold``
        One word for all neurons, from 1 to ``neuron.largest``; only with ``neuron.host_threshold``.
    ``multipliers``
        A word per neuron; only if membranes become activations.
    """
    weights = MemoryShape(name="weights", width=params.lanes * params.weight_bits, depth=params.weight_words)
    decay_bits = sum(constant.bits for constant in params.neuron.varying.values())
    decays = MemoryShape(name="decays", width=max(1, params.lanes * decay_bits), depth=params.position_words)
    bias = MemoryShape(name="bias", width=params.lanes * params.neuron.accumulated.bits, depth=params.position_words)
    threshold = MemoryShape(name="threshold", width=params.neuron.state_bits - 1, depth=1)
    found = (
        weights,
        *((bias,) if params.bias else ()),
        *((decays,) if decay_bits else ()),
        *((threshold,) if params.neuron.host_threshold else ()),
    )
    if params.activation is None:
        return found
    width = params.activation.requantize.multiplier_bits
    return (*found, MemoryShape(name="multipliers", width=width, depth=params.neurons))


def pack(
    params: EventParams,
    weight: Sequence[Any],
    bias: Sequence[int],
    recurrent: Rows | None = None,
    decays: Rows | None = None,
    multipliers: Sequence[int] | None = None,
    threshold: int | None = None,
) -> dict[str, list[int]]:
    """Return the memory contents of a layer.

    Parameters
    ----------
    params
        The engine.
    weight
        (neurons, inputs) integers in ``params.weight``; for a window (channels, input channels or 1 if depthwise,
        kernel height, kernel width).
    bias
        (channels,) integers in the format of the state, one for each neuron if dense; all zero unless ``params.bias``.
    recurrent
        (neurons, neurons) integers in ``params.weight``, if ``params.recurrent``.
    decays
        (channels, n), for the n decays or taps of ``params.neuron.varying``, if there are any.
    multipliers
        (neurons,), if membranes become activations.
    threshold
        Used only with ``params.neuron.host_threshold``.

    Raises
    ------
    InputError
        A shape or a value does not fit.
    """
    factors = _multiplier_words(params, multipliers)
    require(
        params.window is not None
        or (len(weight) == params.neurons and all(len(row) == params.inputs for row in weight)),
        f"the weights of an event engine must have shape ({params.neurons}, {params.inputs})",
    )
    require(
        len(bias) == params.channels,
        f"an event engine of {params.channels} {'neurons' if params.window is None else 'channels'} takes as many "
        f"biases, not {len(bias)}",
    )
    if params.window is not None:
        own = _neuron_contents(params, bias, decays, threshold)
        return {"weights": _window_words(params, params.window, weight), **own}
    feedback = recurrent if recurrent is not None else ()
    square = len(feedback) == params.neurons and all(len(row) == params.neurons for row in feedback)
    require(
        square if params.recurrent else recurrent is None,
        f"the recurrent weights of an event engine must have shape ({params.neurons}, {params.neurons}) if it is "
        "recurrent, and be absent if not",
    )
    rows = [*zip(*weight, strict=True), *zip(*feedback, strict=True)]
    columns = [_words(params, column, params.weight, "weight") for column in rows]
    weights = [word for column in columns for word in column]
    return {"weights": weights, **_neuron_contents(params, bias, decays, threshold), **factors}


def axis_projection(params: EventParams, axis: int) -> list[tuple[int, int, int]]:
    """Return, for each row (axis 0) or column (1) of a window's input: how many rows or columns of the output it
    reaches, and the offsets of the first of them in state words and in weight words."""
    window = params.window
    assert window is not None
    word = params.position_words * (window.size[1] if axis == 0 else 1)
    row = params.event_words * window.shape[0] * (window.kernel[1] if axis == 0 else 1)
    entries = []
    for at in range(window.shape[1 + axis]):
        taps = [
            at // window.pool[axis] - out * window.stride[axis] + window.padding[axis]
            for out in range(window.size[axis])
        ]
        outs = [out for out, tap in enumerate(taps) if 0 <= tap < window.kernel[axis]]
        entries.append((len(outs), outs[0] * word, taps[outs[0]] * row) if outs else (0, 0, 0))
    return entries


def _window_words(params: EventParams, window: EventWindow, weight: Sequence[Any]) -> list[int]:
    """Return the weight words of a window, by tap and input channel."""
    inner = 1 if window.depthwise else window.shape[0]
    shape = (window.channels, inner, *window.kernel)
    right = len(weight) == shape[0] and all(
        len(channel) == inner
        and all(len(taps) == window.kernel[0] and all(len(row) == window.kernel[1] for row in taps) for taps in channel)
        for channel in weight
    )
    require(right, f"the weights of this event engine must have shape {shape}")
    words = []
    for y, x, c in product(*map(range, window.kernel), range(window.shape[0])):
        if not window.depthwise:
            words += _words(params, [channel[c][y][x] for channel in weight], params.weight, "weight")
            continue
        outputs = range(c * window.fan_out, (c + 1) * window.fan_out)
        row = [weight[n][0][y][x] if n in outputs else 0 for n in range(window.channels)]
        first = outputs[0] // params.lanes
        words += _words(params, row, params.weight, "weight")[first : first + params.event_words]
    return words


def _multiplier_words(params: EventParams, multipliers: Sequence[int] | None) -> dict[str, list[int]]:
    given = None if multipliers is None else len(multipliers)
    expected = None if params.activation is None else params.neurons
    require(
        given == expected,
        f"this event engine takes {expected or 'no'} multipliers of activations, not {given or 'none'}",
    )
    if params.activation is None or multipliers is None:
        return {}
    fmt = params.activation.requantize.multiplier
    require(
        all(fmt.holds(int(factor)) for factor in multipliers),
        f"the multipliers of activations must be from {fmt.min} to {fmt.max}",
    )
    return {"multipliers": [int(factor) for factor in multipliers]}


def _neuron_contents(
    params: EventParams, bias: Sequence[int], decays: Rows | None, threshold: int | None
) -> dict[str, list[int]]:
    contents = {}
    if params.bias:
        contents["bias"] = _words(params, bias, params.neuron.accumulated, "bias")
    else:
        require(not any(bias), "this event engine has no bias memory: all biases must be 0, or params.bias set")
    if params.neuron.varying:
        contents["decays"] = _decay_words(params, decays or ())
    if params.neuron.host_threshold:
        most = params.neuron.state.max - 1
        require(
            threshold is not None and 1 <= threshold <= most,
            f"the threshold of this event engine must be from 1 to {most}, not {threshold}",
        )
        contents["threshold"] = [int(threshold or 0)]
    return contents


def _decay_words(params: EventParams, decays: Rows) -> list[int]:
    varying = params.neuron.varying.values()
    require(
        len(decays) == params.channels and all(len(row) == len(varying) for row in decays),
        f"the decays of this event engine must have shape ({params.channels}, {len(varying)})",
    )
    lanes, width = [], 0
    for row in decays:
        lane, width = 0, 0
        for decay, constant in zip(row, varying, strict=True):
            most = constant.largest
            require(0 <= decay <= most, f"a decay or tap of {decay} is not from 0 to {most}")
            lane, width = lane | int(decay) << width, width + constant.bits
        lanes.append(lane)
    return [pack_lanes(lanes[first : first + params.lanes], width) for first in range(0, params.channels, params.lanes)]


def _words(params: EventParams, values: Sequence[int], fmt: IntFormat, name: str) -> list[int]:
    """Return one value per neuron of a position, packed into words of lanes; unused lanes hold 0."""
    low, high = int(min(values)), int(max(values))
    require(
        fmt.holds(low) and fmt.holds(high),
        f"a {name} of {low if low < fmt.min else high} does not fit {fmt.bits} bits: quantise with a coarser scale",
    )
    return [
        pack_lanes(values[first : first + params.lanes], fmt.bits) for first in range(0, params.channels, params.lanes)
    ]
