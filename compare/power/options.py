"""Options of a measurement of power."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tospike.compare.energy.fpga import FpgaTechnology
from tospike.compare.energy.technology import load_technology
from tospike.gen.options.serial_line import BaudOptions
from tospike.hw.params import InputError, check_options, option, require
from tospike.tb.power.ina import Ina, Sensor, opened_bus


@dataclass(frozen=True, kw_only=True)
class PowerOptions(BaudOptions):
    """How power is measured, and what with."""

    PANEL: ClassVar = "Power"

    port: str | None = option(None, "Serial line of the board, or sim; leave it out to read --phases")
    technology_name: str = option("ice40", "Prices to calibrate: ecp5, ice40, or a .toml file", name="technology")
    meter: Sensor | None = option(None, "A sensor on I2C that measures the board")
    i2c_bus: int = option(1, "Meter: number of the I2C bus", low=0)
    i2c_address: int = option(0x40, "Meter: its address, a decimal number", low=0, high=0x7F)
    shunt_ohms: float = option(0.1, "Meter: resistance of its shunt", above=0)
    log: Path | None = option(None, "A log of power instead, CSV: time, and watts, or volts and amperes")
    log_offset: float = option(0.0, "Log: seconds to add to its times, which are seconds since 1970 or dates")
    phases: Path | None = option(
        None, "A JSON file of when samples ran: written with --port, and without it read, for a log that came later"
    )
    rounds: int = option(5, "How often to idle and to run samples", low=2)
    seconds: float = option(2.0, "Duration of each", above=0)
    settle: float = option(0.5, "Seconds after each change that do not count", low=0)
    accuracy: float = option(0.01, "Largest error of the meter's gain, a fraction: shunt and sensor", low=0, high=0.5)
    core_supply: bool = option(
        False, "The meter measures the core's supply alone: calibrate static power and clock, too; needs --clock-mhz"
    )
    clock_mhz: float | None = option(None, "With --core-supply: the board's clock", above=0)

    def __post_init__(self) -> None:
        check_options(self)
        require(
            self.meter is None or self.log is None,
            "--meter and --log are two ways to measure power: give one of them",
        )
        require(
            self.core_supply == (self.clock_mhz is not None), "--core-supply and --clock-mhz belong together: give both"
        )
        _ = self.technology

    @property
    def technology(self) -> FpgaTechnology:
        """The prices to calibrate.

        Raises
        ------
        InputError
            There are none of this name, or they are not an FPGA's.
        """
        found = load_technology(self.technology_name)
        if not isinstance(found, FpgaTechnology):
            raise InputError(
                f"--technology {self.technology_name} prices standard cells: give an FPGA's, ecp5 or ice40"
            )
        return found

    @property
    def meter_name(self) -> str:
        """What measures power, for the calibration file."""
        if self.meter is not None:
            return f"{self.meter.upper()}, {self.shunt_ohms:g} ohm"
        if self.log is None:
            return "nothing"
        name = "".join(each if each.isprintable() else "?" for each in self.log.name)  # it goes into a line of text
        return f"log {name}"

    @contextmanager
    def opened(self) -> Iterator[Ina | None]:
        """Open the sensor, if there is one, and read it once.

        Raises
        ------
        InputError
            It does not answer.
        """
        if self.meter is None:
            yield None
            return
        with opened_bus(self.i2c_bus) as bus:
            found = Ina(sensor=self.meter, bus=bus, address=self.i2c_address, shunt_ohms=self.shunt_ohms)
            found.watts()
            yield found
