"""Logs of power, and what they are over a phase."""

import numpy as np
import pytest

from tospike.hw.params import InputError
from tospike.tb.power.readings import Readings, read_log

TIMES = [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("header", "rows", "watts"),
    [
        ("time,watts", ["0,1", "0.5,2", "1,3"], [1, 2, 3]),
        ("Time (s),Power (mW)", ["0,1", "0.5,2", "1,3"], [0.001, 0.002, 0.003]),
        ("timestamp, Voltage, Current [mA]", ["0,5,100", "0.5,5,200", "", "1,5,300"], [0.5, 1.0, 1.5]),
        ("volts,amperes,time,watts", ["9,9,0,1", "9,9,0.5,2", "9,9,1,3"], [1, 2, 3]),
        ("time (ms),w", ["0,1", "500,2", "1000,3"], [1, 2, 3]),
        ("\ufefftime (UTC),w", ["0,1", "0.5,2", "1,3"], [1, 2, 3]),
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
        ("time,watts\n0,1\n\n1,1\n\n1,1\n", "line 6: its times do not ascend"),
        ("\n\ntime,watts\n\n0,1\n\n1,x\n", "line 7: 'x' is not a number"),
        ("time (min),watts\n0,1\n1,1\n", "it needs time, and watts"),
        ("time;watts\n0;1\n1;1\n", "semicolons between its columns"),
        ('time,watts\n"0,1\n1,1\n2,1\n', "not a readable log of power|has 1 readings"),
        ('time,watts\n"' + "1,2\n" * 50_000, "not a readable log of power"),
        ("time,watts\n0,1\n\0,1\n", "line 3"),
        ("time,watts (kW)\n1,1\n0,1\n", "it needs time, and watts"),
    ],
)
def test_what_is_no_log(text, message, tmp_path):
    (tmp_path / "log.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_log(tmp_path / "log.csv")


@pytest.mark.parametrize("data", [b"time,current (\xb5A),volts\n0,1,1\n1,1,1\n", bytes(range(256)) * 10])
def test_what_is_no_text(data, tmp_path):
    (tmp_path / "log.csv").write_bytes(data)
    with pytest.raises(InputError, match=r"log\.csv is not a readable log of power"):
        read_log(tmp_path / "log.csv")


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n"])
def test_lines_may_end_as_they_do_anywhere(end, tmp_path):
    (tmp_path / "log.csv").write_bytes(end.join([b"time,watts", b"0,1", b"1,2", b""]))
    assert read_log(tmp_path / "log.csv").watts.tolist() == [1, 2]


def test_a_phase_is_the_mean_of_its_readings(tmp_path):
    (tmp_path / "log.csv").write_text("time,watts\n" + "".join(f"{n},{n}\n" for n in range(10)))
    found = read_log(tmp_path / "log.csv", offset=100)
    assert found.mean(102, 106) == 4
    with pytest.raises(InputError, match="there are 1 readings of power"):
        found.mean(102.5, 103.5)


def readings(*pairs):
    seconds, watts = np.array(pairs, dtype=float).T
    return Readings(seconds=seconds, watts=watts)


def test_a_mean_is_over_time_however_often_it_was_read():
    """A tenth of the time at 1 W, read ten times as often as the rest at 3 W."""
    pairs = [(t, 1) for t in np.arange(0, 1, 0.05)] + [(t, 3) for t in np.arange(1, 10.1, 0.5)]
    assert readings(*pairs).mean(0, 10) == pytest.approx(2.8, abs=0.06)


@pytest.mark.parametrize(
    ("times", "hole"),
    [([0, 0.1, 0.2], "0.200 to 2.000"), ([1.8, 1.9, 2], "0.000 to 1.800"), ([0, 0.4, 1.6, 2], "0.400 to 1.600")],
)
def test_readings_must_cover_a_phase(times, hole):
    with pytest.raises(InputError, match=f"no reading of power from {hole} s, in a phase of 2 s"):
        readings((-1, 1), *((time, 1) for time in times), (3, 1)).mean(0, 2)


def test_negative_power_is_a_shunt_the_wrong_way_round():
    with pytest.raises(InputError, match="swap the shunt's leads"):
        readings(*((n, -1) for n in range(10))).mean(0, 9)


def test_the_times_of_readings_ascend():
    with pytest.raises(InputError, match="do not ascend"):
        readings((0, 1), (0, 1))
