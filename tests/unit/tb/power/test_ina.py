"""Registers of INA219 and INA226, decoded as their data sheets do."""

import pytest

from tospike.hw.params import InputError
from tospike.tb.power.ina import BUS, SHUNT, Ina, Sensor


class FakeBus:
    """Registers of one device; as `smbus2.SMBus`, it answers bytes in the order of the wire."""

    def __init__(self, address, registers):
        self.address, self.registers = address, registers

    def read_i2c_block_data(self, address, register, length):
        if address != self.address:
            raise OSError(121, "Remote I/O error")
        assert length == 2
        return list(self.registers[register].to_bytes(2, "big"))


def sensor(kind, registers, ohms=0.002, address=0x40):
    return Ina(sensor=kind, bus=FakeBus(0x40, registers), address=address, shunt_ohms=ohms)


@pytest.mark.parametrize(
    ("kind", "registers"),
    [
        (Sensor.INA219, {SHUNT: 0x07D0, BUS: 0x5D98}),
        (Sensor.INA226, {SHUNT: 0x1F40, BUS: 0x2570}),
    ],
)
def test_the_example_of_the_data_sheet(kind, registers):
    """10 A through 2 mOhm at 11.98 V: 20 mV across the shunt, 119.8 W."""
    found = sensor(kind, registers)
    assert found.volts() == (pytest.approx(0.02), pytest.approx(11.98))
    assert found.watts() == pytest.approx(119.8)


@pytest.mark.parametrize(
    ("kind", "word", "volts"),
    [
        (Sensor.INA219, 0x8400, -0.31744),
        (Sensor.INA219, 0xF060, -0.04),
        (Sensor.INA219, 0x0001, 10e-6),
        (Sensor.INA226, 0x8300, -0.08),
        (Sensor.INA226, 0xFFFF, -2.5e-6),
    ],
)
def test_shunt_voltages_are_twos_complement(kind, word, volts):
    assert sensor(kind, {SHUNT: word, BUS: 0}).volts()[0] == pytest.approx(volts)


def test_flags_beside_the_bus_voltage_are_left_out():
    assert sensor(Sensor.INA219, {SHUNT: 0, BUS: 0x5D98 | 0b011}).volts()[1] == pytest.approx(11.98)


@pytest.mark.parametrize(("kind", "word"), [(Sensor.INA219, 32000), (Sensor.INA219, 0x8300), (Sensor.INA226, 0x7FFF)])
def test_a_shunt_at_its_end_is_no_reading(kind, word):
    with pytest.raises(InputError, match="the end of its range"):
        sensor(kind, {SHUNT: word, BUS: 0}).watts()


def test_nothing_at_the_address():
    with pytest.raises(InputError, match="no ina219 answers at address 0x41"):
        sensor(Sensor.INA219, {}, address=0x41).watts()
