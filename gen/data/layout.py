"""Samples of a data set in the layout of a network's input."""

import math
from dataclasses import replace

import numpy as np

from tospike.gen.data.data_set import DataSet
from tospike.hw.params import InputError
from tospike.sim.network import InputSpec

Shape = tuple[int, ...]


def in_layout_of(spec: InputSpec, data: DataSet) -> InputSpec:
    """Return the input of a network for samples of ``data``, whose images may have channels first or last.

    Raises
    ------
    InputError
        The samples have as many values as the input, but another shape.
    """
    if not data.shape or not spec.shape or math.prod(data.shape) != spec.inputs:
        return spec
    places = places_of(spec.shape, data.shape, data.name)
    if places is None:
        return spec
    order = places[list(spec.order)] if spec.order else places
    return replace(spec, order=tuple(int(place) for place in order))


def places_of(wanted: Shape, given: Shape, name: str) -> "np.ndarray[Shape, np.dtype[np.int64]] | None":
    """Return, for each value of a sample of shape ``wanted``, its index in a sample of shape ``given``; ``None`` if the
    order is the same.

    A vector takes, or is, a sample of any shape, in its order; axes of size 1 make no difference.

    Raises
    ------
    InputError
        The shapes differ in more than the place of the channels.
    """
    without = [tuple(size for size in shape if size != 1) for shape in (wanted, given)]
    if without[0] == without[1] or min(len(shape) for shape in without) <= 1:
        return None
    places = np.arange(math.prod(given)).reshape(given)
    if len(given) == len(wanted) == 3:
        for source, target in ((-1, 0), (0, -1)):
            moved = np.moveaxis(places, source, target)
            if moved.shape == wanted:
                return moved.reshape(-1)
    raise InputError(
        f"{name} has samples of shape {given}, but the network takes {wanted}: give them in that shape, or with the "
        "channels of images first or last"
    )


def describe_layout(spec: InputSpec, data: DataSet) -> str:
    """Return, in words, how samples of ``data`` enter the network."""
    shape = spec.shape or (spec.inputs,)
    same = not data.shape or places_of(shape, data.shape, data.name) is None
    given = data.shape or (data.inputs,)
    return f"{shape}, as in the data" if same else f"{shape}, from images {given} whose channels are moved"
