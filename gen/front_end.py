"""The cochlea that a network's file states: it was trained with that one."""

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tospike.gen.data.data_set import DataSet, Samples
from tospike.gen.emit.serialize import decode, encode
from tospike.hw.params import CochleaParams, InputError, require
from tospike.sim.network import GridRounding, Network, QuantGrid

FRONT_END_KEY = "tospike_cochlea"
"""Key in the metadata of an ONNX or a NIR file; the value is JSON."""


def describe_front_end(params: CochleaParams) -> str:
    """Return a cochlea as JSON, for the metadata of a file."""
    return json.dumps(encode(params), separators=(",", ":"))


def stated_front_end(metadata: Mapping[str, object]) -> CochleaParams | None:
    """Return the cochlea in the metadata of a file; ``None`` if there is none.

    Raises
    ------
    InputError
        They describe none.
    """
    if FRONT_END_KEY not in metadata:
        return None
    try:
        stated = json.loads(str(metadata[FRONT_END_KEY]))
    except ValueError:
        raise InputError(f"metadata {FRONT_END_KEY!r} are not JSON: export the network again") from None
    params: CochleaParams = decode(stated, CochleaParams, f"metadata {FRONT_END_KEY!r}")
    return params


def behind(network: Network, front_end: CochleaParams | None) -> Network:
    """Return a network behind a cochlea.

    Raises
    ------
    InputError
        It does not take what the cochlea sends.
    """
    if front_end is None:
        return network
    spec, sends = network.input, front_end.output.addresses
    kind = "a frame of levels" if front_end.code.sends_levels else "spikes"
    require(
        network.is_spiking is not front_end.code.sends_levels,
        f"{network.name} cannot take {kind}, which its cochlea sends: an ANN takes levels, an SNN spikes or changes",
    )
    require(spec.inputs == sends, f"{network.name} takes {spec.inputs} values, but its cochlea sends {sends}")
    if not network.is_spiking:
        # the integers that the network takes are the levels
        grid = QuantGrid(
            scale=np.asarray(1 / spec.scale), qmin=0, qmax=front_end.level.max, rounding=GridRounding.TIES_UP
        )
        require(spec.offset == 0, f"{network.name} adds an offset to its input: export it without, as levels have none")
        return replace(network, input=replace(spec, front_end=front_end, grid=grid, affine=()))
    return replace(network, input=replace(spec, front_end=front_end, encoding=None, steps=front_end.steps))


def require_sound(data: DataSet, front_end: CochleaParams) -> None:
    """Refuse data that are no sound, or of another sample rate or length than a cochlea takes."""
    require(
        data.sample_rate is not None,
        f"the network has a cochlea, which takes sound, but {data.name} is none: give fsdd:DIR",
    )
    require(
        data.sample_rate == front_end.sample_rate,
        f"{data.name} has {data.sample_rate} samples per second, but the network's cochlea takes "
        f"{front_end.sample_rate}: resample it",
    )
    require(
        data.inputs == front_end.samples,
        f"the network's cochlea hears {front_end.samples} values, but samples of {data.name} have {data.inputs}",
    )


def as_heard(data: DataSet, front_end: CochleaParams) -> DataSet:
    """Return what a data set of sound is behind a cochlea, with zeros for the values.

    Raises
    ------
    InputError
        As for `require_sound`.
    """
    require_sound(data, front_end)
    levels = front_end.code.sends_levels
    shape = (front_end.output.addresses,) if levels else (front_end.steps, front_end.channels)

    def zeros(samples: int) -> Samples:
        return np.zeros((samples, *shape), np.float32) if levels else np.zeros((samples, *shape), np.uint8)

    return replace(data, x=zeros(len(data.x)), train_x=zeros(len(data.train_x)), shape=(), sample_rate=None)
