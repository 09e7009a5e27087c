"""Compare a framework's own spikes and membranes with the float network's, stage by stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.gen.data.npz import NPZ, read_npz
from tospike.gen.files.reading import reading
from tospike.hw.params import require
from tospike.sim.encoders.encoding import encode_float
from tospike.sim.network import Network
from tospike.sim.network.membrane import Floats
from tospike.sim.network.steps import float_steps, neuron_states

TOLERANCE = 1e-5
"""Tolerance of membranes for float32 rounding, relative to the largest of a stage, or to 1."""
BATCH = 128
"""Samples computed at a time, to bound memory."""


@dataclass(frozen=True, kw_only=True)
class First:
    """The first difference of a stage: the earliest step, then the first sample, then the first neuron."""

    sample: int
    step: int
    neuron: int
    reference: float
    float: float


@dataclass(frozen=True, kw_only=True)
class StageComparison:
    """One stage compared with the framework. A neuron in a step of a sample is one value."""

    stage: str
    compared: int
    different: int
    ties: int
    """Spikes that differ only by float32 rounding, with the membrane at the threshold; not part of ``different``."""
    first: First | None


def read_reference(path: Path, network: Network, samples: int) -> dict[int, Floats]:
    """Return the arrays ``layer_0``, ``layer_1``, ... of an npz file, (N, steps, neurons) each, by index of their
    stage.

    Raises
    ------
    InputError
        The file is not an npz file, or its arrays do not match the network and the number of samples.
    """
    require(path.is_file(), f"there is no file {path}: give --reference an npz file with layer_0, layer_1, ...")
    with reading(path, NPZ, "save it with numpy.savez"):
        arrays = read_npz(path)
    stages, steps = network.stages, network.input.steps
    names = {f"layer_{index}": index for index in range(len(stages))}
    require(bool(arrays), f"{path} holds no arrays: give layer_0 to layer_{len(stages) - 1}")
    for name in arrays:
        require(
            name in names, f"{path}: array {name!r} belongs to no stage: there are layer_0 to layer_{len(stages) - 1}"
        )
    rows = {len(values) if values.ndim else 0 for values in arrays.values()}
    several = ", ".join(map(str, sorted(rows)))
    require(len(rows) == 1, f"{path}: its arrays have {several} samples: give the same number in each")
    require(
        1 <= max(rows) <= samples,
        f"{path} has {max(rows)} samples, but there are {samples}: give those of the first test samples, in order",
    )
    read: dict[int, Floats] = {}
    for name, values in sorted(arrays.items(), key=lambda item: names[item[0]]):
        outputs = stages[names[name]].synapses.outputs
        require(
            values.dtype.kind in "iufb"
            and values.ndim >= 2
            and values[:1].size == steps * outputs
            and values.shape[1] == steps,
            f"{path}: {name} is {values.dtype} of shape {values.shape}, not numbers of shape (samples, {steps} steps, "
            f"{outputs} neurons)",
        )
        read[names[name]] = values.reshape(len(values), steps, outputs).astype(np.float64)
        require(bool(np.isfinite(read[names[name]]).all()), f"{path}: {name} contains NaN or infinity")
    return read


def compare_reference(network: Network, x: ArrayLike, reference: Mapping[int, Floats]) -> list[StageComparison]:
    """Run the first samples of ``x`` and compare each stage that the reference has.

    A spike that depends on float32 rounding is taken from the framework, so that later spikes do not differ because of
    it. Membranes of neurons without a threshold may differ by `TOLERANCE`.

    Raises
    ------
    InputError
        The network is an ANN, or the samples do not match it.
    """
    require(network.is_spiking, f"network {network.name!r} is an ANN: --reference is for the spikes of SNNs")
    count = len(next(iter(reference.values())))
    values = np.asarray(x)[:count]
    parts = [
        _batch(network, values[start : start + BATCH], {k: v[start : start + BATCH] for k, v in reference.items()})
        for start in range(0, count, BATCH)
    ]
    compared = []
    for index, wanted in reference.items():
        got, ties = (np.concatenate(arrays) for arrays in zip(*(part[index] for part in parts), strict=True))
        compared.append(_compare(network, index, wanted, got, ties))
    return compared


def _batch(
    network: Network, x: NDArray[np.generic], reference: Mapping[int, Floats]
) -> dict[int, tuple[Floats, NDArray[np.bool_]]]:
    """Return the outputs of each stage, or its membranes, and which spikes were ties; (N, steps, neurons)."""
    laws = neuron_states(network, len(x))
    trains = {index: wanted for index, wanted in reference.items() if laws[index].neuron.kind.spikes}
    ran = {index: (np.zeros(wanted.shape), np.zeros(wanted.shape, dtype=bool)) for index, wanted in reference.items()}
    for step in float_steps(network, encode_float(network.input, x), laws, trains):
        for index, (sent, ties) in ran.items():
            sent[:, step] = laws[index].sent if index in trains else laws[index].read
            ties[:, step] = laws[index].ties
    return ran


def _compare(network: Network, index: int, wanted: Floats, got: Floats, ties: NDArray[np.bool_]) -> StageComparison:
    stage = network.stages[index]
    spikes = stage.neuron.kind.spikes  # type: ignore[union-attr]
    allowed = 0.0 if spikes else TOLERANCE * max(1.0, float(np.abs(wanted).max()))
    differs = np.abs(got - wanted) > allowed
    first = None
    if differs.any():
        step = int(np.flatnonzero(differs.any(axis=(0, 2)))[0])
        sample, neuron = (int(at) for at in np.argwhere(differs[:, step])[0])
        at = sample, step, neuron
        first = First(sample=sample, step=step, neuron=neuron, reference=float(wanted[at]), float=float(got[at]))
    return StageComparison(
        stage=stage.name, compared=wanted.size, different=int(differs.sum()), ties=int(ties.sum()), first=first
    )
