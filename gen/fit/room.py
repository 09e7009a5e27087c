"""Whether a device has room for the weights and images of a network at all: told before the network is quantised."""

import math

from tospike.gen.area.memories import least_blocks
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import of_layer, require
from tospike.hw.params.devices import Device
from tospike.sim.network import Network, Stage


def require_room(network: Network, options: QuantizeOptions, device: Device) -> None:
    """Refuse a network with more weights than all block RAMs of a device hold, whatever array computes with them.

    Parameters
    ----------
    network
        In floating point.

    Raises
    ------
    InputError
        With the numbers, and what would fit.
    """
    bits = max(_weight_bits(stage, options) for stage in network.stages)
    weights, capacity = sum(map(count_weights, network.stages)), device.capacity["bram"]
    needed = least_blocks(weights * bits, device.family)
    require(
        needed <= capacity,
        f"no array fits {device.name}: the {weights:,} weights of {network.name!r}, of {bits} bits, need {needed:,} "
        f"bram of {capacity:,} at least: give --weights stream, or a network of at most "
        f"{weights * capacity // max(needed, 1):,} weights",
    )


def require_image_room(network: Network, options: QuantizeOptions, device: Device) -> None:
    """Refuse a network for a conv engine with a layer whose inputs and outputs all block RAMs of a device do not hold.

    Parameters
    ----------
    network
        In floating point.

    Raises
    ------
    InputError
        With the numbers.
    """
    bits = options.act_bits if network.input.grid is None else 1  # trained grids may be narrower
    held = {stage.name: _held_values(network, index) for index, stage in enumerate(network.stages)}
    name, capacity = max(held, key=lambda name: held[name]), device.capacity["bram"]
    needed = least_blocks(held[name] * bits, device.family)
    require(
        needed <= capacity,
        f"no array fits {device.name}: {name!r} reads and writes images of {held[name]:,} values, of {bits} bits, "
        f"which stay on chip and need {needed:,} bram of {capacity:,} at least: give a network of smaller images",
    )


def _held_values(network: Network, index: int) -> int:
    """Return the values that are in memory while a stage runs; the last one sends its results."""
    sources = set(network.sources(index))
    inputs = [network.input.inputs if source < 0 else network.stages[source].synapses.outputs for source in sources]
    is_last = index == len(network.stages) - 1
    return sum(inputs) + (0 if is_last else network.stages[index].synapses.outputs)


def count_weights(stage: Stage) -> int:
    """Return the weights of a stage; 0 for one that has none."""
    return math.prod(getattr(getattr(stage.synapses, "weight", None), "shape", (0,)))


def _weight_bits(stage: Stage, options: QuantizeOptions) -> int:
    """Return the least bits that the stage's weights may get: of a trained grid, or what was chosen."""
    grid = getattr(stage.synapses, "grid", None)
    if grid is None:
        return of_layer(options, stage.name).weight_bits if count_weights(stage) else 1
    return 1 if (grid.qmin, grid.qmax) == (-1, 1) else max(-grid.qmin, grid.qmax).bit_length()
