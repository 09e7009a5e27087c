"""The first line of AEDAT files, and the cameras that wrote them.

Source: https://docs.inivation.com/software/software-advanced-usage/file-formats.
"""

import re

from tospike.gen.data.events.events import Sensor

CAMERAS = {
    "DVS128": (128, 128),
    "DAVIS128": (128, 128),
    "DAVIS208": (208, 192),
    "DAVIS240": (240, 180),
    "DAVIS346": (346, 260),
    "DAVIS640": (640, 480),
    "DVXPLORER": (640, 480),
    "DVS132": (132, 104),
}
"""Sizes by the beginning of a camera's name, in upper case."""


def version(data: bytes) -> str | None:
    """Return the version of an AEDAT file, as in ``3.1``; ``None``: it is no such file."""
    found = re.match(rb"#!AER-DAT(\d\.\d)\r?\n", data)
    return found and found[1].decode()


def sensor_of(camera: str) -> Sensor | None:
    """Return the size of a camera, by its name in a header; ``None``: unknown."""
    name = camera.upper().replace("_", "").replace("-", "")
    for known, (width, height) in CAMERAS.items():
        if known in name:
            return Sensor(width=width, height=height)
    return None
