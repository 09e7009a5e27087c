"""INA219 and INA226, current and power monitors on I2C (data sheets SBOS448 and SBOS547).

Only the two measured voltages are read, which needs no set-up: after power-on both convert without end. Registers have
16 bits, the most significant byte first::

    register 1   voltage across the shunt, signed
    register 2   voltage of the load; INA219: in bits 15 to 3, bit 0 is an overflow of its own arithmetic
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tospike.hw.params import InputError, require

SHUNT, BUS = 1, 2
"""Registers."""


class Sensor(StrEnum):
    """The sensors."""

    INA219 = "ina219"
    INA226 = "ina226"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What the registers of a sensor mean."""

    shunt_volts: float
    """Of a unit."""
    bus_volts: float
    bus_shift: int
    """Bits below those of the bus voltage."""
    shunt_limit: float
    """Volts across the shunt at which it saturates, at power-on."""


SCALES: Mapping[Sensor, Scale] = {
    Sensor.INA219: Scale(shunt_volts=10e-6, bus_volts=4e-3, bus_shift=3, shunt_limit=0.32),
    Sensor.INA226: Scale(shunt_volts=2.5e-6, bus_volts=1.25e-3, bus_shift=0, shunt_limit=0.08192),
}


class Bus(Protocol):
    """What is used of `smbus2.SMBus`."""

    def read_i2c_block_data(self, address: int, register: int, length: int) -> list[int]:
        """Return ``length`` bytes from a register on."""


@dataclass(frozen=True, kw_only=True)
class Ina:
    """A sensor on a bus."""

    sensor: Sensor
    bus: Bus
    address: int
    shunt_ohms: float

    def volts(self) -> tuple[float, float]:
        """Return the voltages across the shunt and of the load.

        Raises
        ------
        InputError
            The sensor does not answer, or its shunt voltage is at the end of its range.
        """
        scale = SCALES[self.sensor]
        shunt = self._signed(SHUNT) * scale.shunt_volts
        require(
            abs(shunt) < scale.shunt_limit - scale.shunt_volts,
            f"{self.sensor} measures {shunt:.3f} V across its shunt, the end of its range: take a smaller shunt",
        )
        return shunt, (self._word(BUS) >> scale.bus_shift) * scale.bus_volts

    def watts(self) -> float:
        """Return the power of the load."""
        shunt, bus = self.volts()
        return bus * shunt / self.shunt_ohms

    def _word(self, register: int) -> int:
        try:
            high, low = self.bus.read_i2c_block_data(self.address, register, 2)
        except OSError as error:
            raise InputError(
                f"no {self.sensor} answers at address {self.address:#x}: {error.strerror or error} (--i2c-address)"
            ) from None
        return high << 8 | low

    def _signed(self, register: int) -> int:
        word = self._word(register)
        return word - (word >> 15 << 16)


@contextmanager
def opened_bus(number: int) -> Iterator[Bus]:
    """Open an I2C bus of Linux by smbus2, an extra.

    Raises
    ------
    InputError
        smbus2 is not installed, or there is no such bus.
    """
    try:
        from smbus2 import SMBus
    except ImportError:
        raise InputError("reading a sensor needs smbus2: pip install 'tospike[power]'") from None
    try:
        bus = SMBus(number)
    except OSError as error:
        raise InputError(f"I2C bus {number} cannot be opened: {error.strerror or error} (--i2c-bus)") from None
    with bus:
        yield bus
