"""Spiking Heidelberg Digits, and other data in its form: spikes of channels in an HDF5 file.

Source: https://zenkelab.org/resources/spiking-heidelberg-datasets-shd. ``spikes/times`` (N,) lists of seconds,
``spikes/units`` (N,) lists of channels, ``labels`` (N,); ``extra/keys``, if there, names the classes.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.events.events import Sensor
from tospike.gen.files.reading import reading
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import EVENTS, SAMPLES
from tospike.sim.arithmetic import to_int64

CHANNELS = 700
"""Channels of the published data."""
MAGIC = b"\x89HDF\r\n\x1a\n"
_AT_ONCE = 64


def read_shd(path: Path) -> tuple[dict[str, NDArray[Any]], Sensor]:
    """Return the arrays ``x`` (channels), ``y``, ``p`` (zeros), ``t_us``, ``offsets`` and ``label``, and the channels.

    Spikes of a recording are sorted by time.

    Raises
    ------
    InputError
        It is no such file, or too large.
    """
    require(path.is_file(), f"there is no file {path}: give shd:FILE")
    with reading(path, "HDF5 file of spikes", "download it again"), h5py.File(path, "r") as file:
        times, units, labels = (_dataset(file, name) for name in ("spikes/times", "spikes/units", "labels"))
        count = len(labels)
        require(
            times.shape == units.shape == labels.shape == (count,) and 1 <= count <= SAMPLES,
            f"spikes/times {times.shape}, spikes/units {units.shape} and labels {labels.shape} must be lists of one "
            "length",
        )
        all_times, all_units, lengths, total = [], [], [], 0
        for first in range(0, count, _AT_ONCE):
            some = zip(times[first : first + _AT_ONCE], units[first : first + _AT_ONCE], strict=True)
            for number, (seconds, channels) in enumerate(some, first):
                t, x = _spikes(number, np.asarray(seconds), np.asarray(channels))
                total += len(t)
                require(total <= EVENTS, f"there are more than {EVENTS} spikes: that many are supported")
                all_times.append(t)
                all_units.append(x)
                lengths.append(len(t))
        label = labels[:]
    x = np.concatenate(all_units)
    zeros = np.zeros(len(x), np.uint8)
    arrays = {
        "x": x,
        "y": zeros,
        "p": zeros,
        "t_us": np.concatenate(all_times),
        "offsets": np.concatenate(([0], np.cumsum(lengths))),
        "label": label,
    }
    return arrays, Sensor(width=max(CHANNELS, int(x.max(initial=0)) + 1), polarities=1)


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """Return a data set that lies in the file itself."""
    group: Any = file
    for part in name.split("/"):
        link = group.get(part, getlink=True) if isinstance(group, h5py.Group) else None
        if not isinstance(link, h5py.HardLink):
            raise InputError(f"it has no {name}: spikes/times, spikes/units and labels are needed")
        group = group[part]
    good = isinstance(group, h5py.Dataset) and not group.is_virtual and not group.external
    require(good, f"{name} is no data set, or stored in other files")
    return group


def _spikes(number: int, seconds: NDArray[Any], channels: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the times in microseconds, ascending, and the channels of a recording."""
    where = f"recording {number}"
    require(
        seconds.ndim == channels.ndim == 1 and len(seconds) == len(channels),
        f"{where} has {seconds.shape} times and {channels.shape} channels",
    )
    require(seconds.dtype.kind == "f", f"{where}: times are {seconds.dtype}, not seconds")
    require(channels.dtype.kind in "iu", f"{where}: channels are {channels.dtype}, not numbers")
    micro = seconds.astype(np.float64) * 1e6
    require(bool((np.abs(micro) < 1 << 53).all()), f"{where} has times that are no seconds")
    require(bool((channels >= 0).all() and (channels < 1 << 16).all()), f"{where} has channels outside 0 to 65535")
    order = np.argsort(micro, kind="stable")
    return to_int64(np.rint(micro[order]), "times"), to_int64(channels[order], "channels")
