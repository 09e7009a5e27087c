"""The Delay nodes of a NIR graph as whole steps of the inputs of a layer."""

import math
from collections.abc import Sequence

import nir
import numpy as np
from numpy.typing import NDArray

from tospike.gen.nir.graph import Node
from tospike.gen.nir.neurons import real_numbers
from tospike.gen.nir.synapses import Shape, label
from tospike.hw.params import LONGEST_DELAY, require
from tospike.sim.arithmetic import to_int64

TOLERANCE = 0.01
"""Of a step: what rounding in the file may make of a delay of whole steps."""


def split_delays(
    nodes: Sequence[Node], shape: Shape, dt: float | None
) -> tuple[NDArray[np.int64] | None, tuple[Node, ...]]:
    """Return the steps by which the inputs of ``nodes`` are late, ``None`` if none is, and the other nodes.

    Parameters
    ----------
    nodes
        What leads to neurons: Delay nodes come before all but Flatten and Scale.
    shape
        Of the values that come in.
    dt
        Length of a step in seconds, in which NIR gives delays.

    Raises
    ------
    InputError
        A Delay elsewhere, of another shape, or one that is no number of steps that an engine has.
    """
    inputs = math.prod(shape)
    delays = np.zeros(inputs, dtype=np.int64)
    others: list[Node] = []
    for node in nodes:
        if not isinstance(node[1], nir.Delay):
            others.append(node)
            continue
        name = label(node)
        require(
            all(isinstance(before, nir.Flatten | nir.Scale) for _, before in others),
            f"{name} follows {others[-1][0] if others else ''!r}: only spikes are delayed, so put it behind neurons "
            "or the Input, with nothing but Flatten and Scale between",
        )
        delays += _steps(node[1], name, inputs, dt)
    return (delays if delays.any() else None), tuple(others)


def _steps(node: nir.Delay, name: str, inputs: int, dt: float | None) -> NDArray[np.int64]:
    seconds = real_numbers(node, "delay", name).ravel()
    require(seconds.size in (1, inputs), f"{name} has {seconds.size} delays for {inputs} values")
    if not seconds.any():
        return np.zeros(inputs, dtype=np.int64)
    require(dt is not None, f"{name} is in seconds, and the length of a step is not known: give --dt")
    assert dt is not None
    exact = np.broadcast_to(seconds / dt, (inputs,))
    steps = np.rint(exact)
    off = int(np.argmax(np.abs(exact - steps)))
    require(
        abs(exact[off] - steps[off]) <= TOLERANCE,
        f"{name}: a delay of {exact[off] * dt:g} s is {exact[off]:g} steps of {dt:g} s, not a whole number: give --dt",
    )
    low, high = int(steps.min()), int(steps.max())
    require(
        low >= 0 and high <= LONGEST_DELAY,
        f"{name}: delays of {low} to {high} steps of {dt:g} s are not from 0 to {LONGEST_DELAY}: give another --dt",
    )
    return to_int64(steps, f"{name}: delays")
