"""Why an array does not fit a device, and what comes nearest to it that does."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from tospike.gen.area.memories import block_rams
from tospike.gen.area.systolic import Area
from tospike.gen.fit.fit import Fit, Params, excess
from tospike.hw.host.layout import engine_layout
from tospike.hw.params import ConvParams, SystolicParams
from tospike.hw.params.banks import bank_depths
from tospike.hw.params.devices import DEVICES, Device, Family


def refusal(
    closest: Params,
    device: Device,
    *,
    streamed: Params | None,
    fastest: Callable[[Params, Device], Fit[Params] | None],
    predict: Callable[[Params, Family], Area],
    weights: int,
    cause: str,
) -> str:
    """Return the message for a network that does not fit a device with any array.

    Parameters
    ----------
    closest
        The engine for it that comes closest to fitting.
    streamed
        The same with streamed weights, if that has not been tried.
    fastest
        Returns the fastest engine for the layers of the given one that fits a device.
    predict
        Returns the area of an engine.
    weights
        Of all layers.
    cause
        What needs most of it, in words.
    """
    array, area = closest.array, predict(closest, device.family)

    def ways_out() -> Iterator[str]:
        """Options with which the network fits, those first that change least."""
        if streamed and (found := fastest(streamed, device)):
            yield f"--weights stream ({_described(found)})"
        for bits in range(array.weight_bits - 1, 1, -1):
            narrower = replace(closest, array=replace(array, weight_bits=bits))
            if not excess(predict(narrower, device.family), device):
                yield f"--weight-bits {bits}"
        for other in DEVICES.values():
            if other.name != device.name and (found := fastest(closest, other)):
                yield f"--fit {other.name} ({_described(found)})"
        yield _fewer_weights(closest, area, device, weights)

    return (
        f"no array fits {device.name}: the closest, {array.rows} x {array.cols}, needs "
        f"{', '.join(excess(area, device))}; {cause}: give {next(ways_out())}"
    )


def largest_layer(weights: Mapping[str, int]) -> str:
    """Return the layer with most weights, in words, of those of each layer by name."""
    name = max(weights, key=lambda name: weights[name])
    return f"the largest layer is {name!r} with {weights[name]:,} weights"


def _described(found: Fit[Params]) -> str:
    array = found.params.array
    return f"{array.rows} x {array.cols}: {found.cycles:,} cycles"


def _fewer_weights(params: SystolicParams | ConvParams, area: Area, device: Device, weights: int) -> str:
    """Return how many weights would fit if all else were as it is in this engine."""
    shapes = [shape for shape in engine_layout(params).memories(params) if shape.name == "weights"]
    blocks = sum(
        block_rams(shape.width, depth, device.family) for shape in shapes for depth in bank_depths(shape.depth)
    )
    left = device.capacity["bram"] - (area.bram - blocks)
    if area.bram <= device.capacity["bram"]:
        return "a larger device"
    if not blocks or left <= 0:
        return "a smaller network"
    return f"a network of about {left * weights // blocks:,} weights of {params.array.weight_bits} bits"
