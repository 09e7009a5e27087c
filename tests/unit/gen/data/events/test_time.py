"""Clocks that wrap, and time that goes backwards."""

import numpy as np
import pytest
from support import event_files as files

from tospike.gen.data.events.clock import Clock
from tospike.gen.data.events.whole import read_recording


def at(*times):
    return [(t, 3, 4, 1) for t in times]


@pytest.mark.parametrize(
    ("write", "bits", "step"),
    [
        (files.evt2, 34, 1 << 20),
        (lambda events: files.evt21(events, "little", b"% format EVT21;endianness=little\n% end\n"), 34, 1 << 20),
        (files.evt3, 24, 1 << 20),
        (lambda events: files.dat([(t & 0xFFFFFFFF, *rest) for t, *rest in events]), 32, 1 << 28),
        (files.aedat2, 32, 1 << 28),
        (files.nmnist, 23, 1 << 16),
    ],
    ids=["EVT 2.0", "EVT 2.1", "EVT 3.0", ".dat", "AEDAT 2.0", "N-MNIST"],
)
def test_a_clock_that_wraps_is_counted_on(write, bits, step, tmp_path):
    events = at(*((1 << bits) - 3 * step + n * step + 7 for n in range(6)))
    path = tmp_path / "a"
    path.write_bytes(write(at(*range(events[0][0] - 100, events[0][0])) + events))
    found, notes = files.decoded(path)
    assert found[100:] == events
    assert any("the clock wraps 1 times" in note for note in notes)


def test_aedat3_states_its_wraps(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(files.AEDAT3 + files.aedat3_packet(at((1 << 31) - 5)) + files.aedat3_packet(at(2), wraps=1))
    assert files.decoded(path)[0] == at((1 << 31) - 5, (1 << 31) + 2)


def test_overflow_events_of_nmnist_are_no_events(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(files.nmnist([*at(5, 8000), (8190, 0, 240, 0), *at(8191)]))
    found, notes = files.decoded(path)
    assert found == at(5, 8000, 8191 + 8192) and notes == ["the clock overflows 1 times: time is counted on"]


def test_an_event_from_before_a_wrap_may_come_late():
    clock = Clock(8)
    first = clock.unwrapped(np.array([10, 200, 255, 3, 254]))
    assert first.tolist() == [10, 200, 255, 259, 254]
    assert clock.unwrapped(np.array([5, 100])).tolist() == [261, 356]


def test_a_late_start_is_no_wrap():
    assert Clock(8).unwrapped(np.array([0, 250, 251])).tolist() == [0, 250, 251]


def test_time_that_goes_backwards_is_sorted_and_told(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(files.dat(at(10, 50, 30, 60, 55)))
    found = read_recording(path)
    assert found.events.t_us.tolist() == [10, 30, 50, 55, 60]
    assert found.notes == ("time goes backwards 2 times (first at event 2), by up to 20 us: events are sorted by time",)
