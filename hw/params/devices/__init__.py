"""The FPGAs that tospike knows, by family: plain facts, no Amaranth."""

from tospike.hw.params.check import InputError
from tospike.hw.params.devices import ecp5, ice40
from tospike.hw.params.devices.ecp5 import ECP5
from tospike.hw.params.devices.family import Device, Family
from tospike.hw.params.devices.ice40 import ICE40

__all__ = ["DEVICES", "ECP5", "ICE40", "Device", "Family", "find_device", "named"]

DEVICES = {device.name: device for device in (*ecp5.DEVICES, *ice40.DEVICES)}
"""The FPGAs by name, in the order in which help texts and messages list them."""


def named() -> str:
    """Return the names of all devices, for messages."""
    return " or ".join(DEVICES)


def find_device(name: str) -> Device:
    """Return the FPGA of this name.

    Raises
    ------
    InputError
        The name is unknown.
    """
    if name not in DEVICES:
        raise InputError(f"unknown device {name!r}: choose {named()}")
    return DEVICES[name]
