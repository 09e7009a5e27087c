"""Logs of power, and what they are over a phase."""

import numpy as np
import pytest

from tospike.hw.params import InputError
from tospike.tb.power.readings import read_log

TIMES = [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("header", "rows", "watts"),
    [
        ("time,watts", ["0,1", "0.5,2", "1,3"], [1, 2, 3]),
        ("Time (s),Power (mW)", ["0,1", "0.5,2", "1,3"], [0.001, 0.002, 0.003]),
        ("timestamp, Voltage, Current [mA]", ["0,5,100", "0.5,5,200", "", "1,5,300"], [0.5, 1.0, 1.5]),
        ("volts,amperes,time,watts", ["9,9,0,1", "9,9,0.5,2", "9,9,1,3"], [1, 2, 3]),
        ("time,A (uA),V", ["1970-01-01T00:00:00Z,1e6,2", "1970-01-01 00:00:00.5,2e6,2", "1,3e6,2"], [2, 4, 6]),
    ],
)
def test_columns_are_found_by_name_and_unit(header, rows, watts, tmp_path):
    (tmp_path / "log.csv").write_text("\n".join([header, *rows, ""]))
    found = read_log(tmp_path / "log.csv")
    np.testing.assert_allclose(found.seconds, TIMES)
    np.testing.assert_allclose(found.watts, watts)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,watts\n0,1\n", "has 1 readings"),
        ("time,volts\n0,1\n1,1\n", "it needs time, and watts, or volts and amperes"),
        ("time,watts\n0,1\n1,x\n", "line 3: 'x' is not a number"),
        ("time,watts\n0,1\n1,nan\n", "line 3: 'nan' is not a finite number"),
        ("time,watts\nnoon,1\n1,1\n", "line 2: 'noon' is neither seconds nor a date"),
        ("time,watts\n0,1\n1\n", "line 3 has 1 values"),
        ("time,watts\n1,1\n0,1\n", "its times do not ascend"),
        ("time,watts (kW)\n1,1\n0,1\n", "it needs time, and watts"),
    ],
)
def test_what_is_no_log(text, message, tmp_path):
    (tmp_path / "log.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_log(tmp_path / "log.csv")


def test_a_phase_is_the_mean_of_its_readings(tmp_path):
    (tmp_path / "log.csv").write_text("time,watts\n" + "".join(f"{n},{n}\n" for n in range(10)))
    found = read_log(tmp_path / "log.csv", offset=100)
    assert found.mean(102, 104) == 3
    with pytest.raises(InputError, match="there are 1 readings of power"):
        found.mean(102.5, 103.5)
