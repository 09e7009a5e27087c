"""Why an array does not fit a device, and what comes nearest to it that does."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tospike.gen.area.memories import block_rams
from tospike.gen.area.systolic import Area
from tospike.gen.place.fit import Fit, Params, excess
from tospike.hw.host.layout import engine_layout
from tospike.hw.params import ConvParams, SystolicParams
from tospike.hw.params.devices import DEVICES, Device, Family


def refusal(
    smallest: Params,
    device: Device,
    *,
    streamed: Params | None,
    fastest: Callable[[Params, Device], Fit[Params] | None],
    predict: Callable[[Params, Family], Area],
    largest: str,
) -> str:
    """Return the message for a network that does not fit a device with any array.

    Parameters
    ----------
    smallest
        An engine for it with an array of 1 x 1.
    streamed
        The same with streamed weights, if that has not been tried.
    fastest
        Returns the fastest engine for the layers of the given one that fits a device.
    predict
        Returns the area of an engine.
    largest
        What is to be said of the largest layer.
    """
    area = predict(smallest, device.family)

    def ways_out() -> Iterator[str]:
        """Options with which the network fits, those first that change least."""
        if streamed and (found := fastest(streamed, device)):
            yield f"--weights stream ({_described(found)})"
        for bits in range(smallest.array.weight_bits - 1, 1, -1):
            narrower = replace(smallest, array=replace(smallest.array, weight_bits=bits))
            if not excess(predict(narrower, device.family), device):
                yield f"--weight-bits {bits}"
        for other in DEVICES.values():
            if other.name != device.name and (found := fastest(smallest, other)):
                yield f"--fit {other.name} ({_described(found)})"
        yield _fewer_weights(smallest, area, device)

    lacking = ", ".join(excess(area, device))
    return f"no array fits {device.name}: one of 1 x 1 needs {lacking}; {largest}: give {next(ways_out())}"


def _described(found: Fit[Params]) -> str:
    array = found.params.array
    return f"{array.rows} x {array.cols}: {found.cycles:,} cycles"


def _fewer_weights(params: SystolicParams | ConvParams, area: Area, device: Device) -> str:
    """Return how many weights would fit if all else were as it is in this engine, which has one column."""
    bits, shapes = params.array.weight_bits, device.family.block_shapes
    stored = [shape.depth for shape in engine_layout(params).memories(params) if shape.name == "weights"]
    others = area.bram - sum(block_rams(bits, depth, device.family) for depth in stored)
    left = (device.capacity["bram"] - others) * max(width // bits * words for width, words in shapes)
    if not stored or left <= 0:
        return "a smaller network"
    return f"a network of at most {left:,} weights of {bits} bits, not {sum(stored):,}"
