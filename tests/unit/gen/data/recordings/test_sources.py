"""Folders of recordings, one recording, and SHD as data sets."""

import h5py
import numpy as np
import pytest
from support import event_files as files

from tospike.gen.data.datasets import load_data
from tospike.gen.data.describe import describe
from tospike.gen.data.options import DataOptions
from tospike.gen.data.recordings.filters import EventFilters
from tospike.hw.params import InputError

BINS = {"time_bin_us": 10_000, "steps": 5}


def fill(folder, names, width=8, height=6):
    """A recording of each name, whose first event is at its pixel."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        first = [(5000, number, 0, 1)]
        path.write_bytes(files.dat(first + files.random_events(number, 30, width, height)[1:]))


def test_folders_by_class(tmp_path):
    fill(tmp_path, ["b/0.dat", "a/0.dat", "a/1.dat", "b/.hidden", "b/notes.txt"])
    (tmp_path / "b" / "notes.txt").write_text("about the recordings")
    data = load_data(f"{tmp_path}", **BINS, sensor="8x6")
    assert data.x.shape == (3, 5, 96) and data.y.tolist() == [0, 0, 1]
    assert [int(np.argmax(sample[0, 48:56])) for sample in data.x] == [1, 2, 0]
    assert "classes a, b" in data.split and "give --hold-out" in data.warnings[0]
    held = load_data(f"events:{tmp_path}", **BINS, sensor="8x6", every=3)
    assert held.y.tolist() == [1] and held.train_y.tolist() == [0, 0]


def test_parts_are_found_in_any_case(tmp_path):
    fill(tmp_path, ["Train/1/0.bin", "Train/0/0.bin", "Test/1/0.bin"])
    data = load_data(f"{tmp_path}", **BINS)
    assert data.y.tolist() == [1] and data.train_y.tolist() == [0, 1] and not data.warnings
    with pytest.raises(InputError, match="leave --hold-out out"):
        load_data(f"{tmp_path}", **BINS, every=2)
    fill(tmp_path / "cars", ["n-cars_train/a/0.dat", "n-cars_test/a/0.dat"])
    assert len(load_data(f"{tmp_path / 'cars'}", **BINS).train_y) == 1


def test_a_table_of_labels(tmp_path):
    events = files.random_events(1, 200, 8, 6, 1000)
    (tmp_path / "long.dat").write_bytes(files.dat(events))
    middle = events[100][0]
    table = f"file,label,start_us,end_us,part\nlong.dat,wave,,{middle},test\nlong.dat,clap,{middle},,train\n"
    (tmp_path / "labels.csv").write_text(table)
    data = load_data(f"{tmp_path}", **BINS, sensor="8x6")
    assert data.y.tolist() == [1] and data.train_y.tolist() == [0] and "classes clap, wave" in data.split
    _, x, y, p = events[100]
    assert data.train_x[0, 0, (p * 6 + y) * 8 + x] == 1
    (tmp_path / "labels.csv").write_text("file,label\nlong.dat, 3\n")
    assert load_data(f"{tmp_path}", **BINS).y.tolist() == [3]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "it has 0 rows"),
        ("name,label\na,1\n", "it has columns name, label|it has columns label, name"),
        ("file,label\nmissing.dat,1\n", "line 2: there is no file"),
        ("file,label\n../a.dat,1\n", "line 2: ../a.dat is not in"),
        ("file,label,part\na.dat,1,both\n", "line 2: part 'both' is neither test nor train"),
        ("file,label,start_us\na.dat,1,soon\n", "line 2: start_us 'soon' is not a whole number"),
        ("file,label,start_us,end_us\na.dat,1,5,5\n", "line 2: start_us is not before end_us"),
        ("file,label,start_us\na.dat,1,99999999\n", "a.dat has no events between these times"),
        ("file,label,part\na.dat,1,train\n", "no recording is part of the test"),
        ("file,label\na.dat,1\na.dat,\n", "line 3 has no label"),
        ("file,label\na.dat,20000000000\n", "it has labels up to 20000000000: at most"),
    ],
)
def test_tables_that_do_not_fit_are_refused(table, message, tmp_path):
    fill(tmp_path, ["a.dat"])
    (tmp_path / "labels.csv").write_text(table)
    with pytest.raises(InputError, match=message):
        load_data(f"events:{tmp_path}", **BINS)


def test_folders_without_labels_or_of_several_sensors_are_refused(tmp_path):
    fill(tmp_path / "flat", ["a.dat"])
    with pytest.raises(InputError, match=r"has no labels: give a folder for each class, or labels\.csv"):
        load_data(f"events:{tmp_path / 'flat'}", **BINS)
    with pytest.raises(InputError, match="holds no data that tospike reads"):
        load_data(f"{tmp_path / 'flat'}", **BINS)
    (tmp_path / "two" / "a").mkdir(parents=True)
    for name, width in (("0", 100), ("1", 200)):
        (tmp_path / "two" / "a" / name).write_bytes(files.event_stream(files.random_events(1, 9), width))
    with pytest.raises(InputError, match=r"is of a sensor of 200x80, but .* of 100x80: give recordings of one sensor"):
        load_data(f"{tmp_path / 'two'}", **BINS)
    (tmp_path / "two" / "a" / "1").write_bytes(files.event_stream([]))
    with pytest.raises(InputError, match="has no events: leave it and its label out"):
        load_data(f"{tmp_path / 'two'}", **BINS)


def test_one_recording_gives_windows_without_labels(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(files.dat([(100, 0, 0, 0), (50_100, 1, 0, 0), (160_099, 1, 0, 1), (163_000, 0, 0, 1)]))
    data = load_data(f"{path}", time_bin_us=10_000, steps=4)
    assert data.x.shape == (4, 4, 4) and not data.is_labelled and data.labels is None
    assert np.argwhere(data.x).tolist() == [[0, 0, 0], [1, 1, 1], [3, 3, 3]]
    assert "windows of a recording without labels, 40,000 us each" in data.split
    with pytest.raises(InputError, match="a is a recording without labels: give a folder"):
        data.require_labels()
    assert load_data(f"{path}", time_bin_us=100_000, steps=4).x.shape == (1, 4, 4)
    with pytest.raises(InputError, match=r"give the length of a time step \(--time-bin-us\) and --steps"):
        load_data(f"{path}")


def test_the_sensor_is_that_of_the_file(tmp_path):
    (tmp_path / "a").write_bytes(files.event_stream([(0, 3, 4, 1)]))
    assert load_data(f"{tmp_path / 'a'}", **BINS).inputs == 2 * 100 * 80
    assert load_data(f"{tmp_path / 'a'}", **BINS, sensor="4x5").inputs == 40
    few = load_data(f"{tmp_path / 'a'}", **BINS, filters=EventFilters(downsample=20, merge_polarities=True))
    assert few.inputs == 5 * 4


def shd(path, times, units, labels, kind=np.float16):
    with h5py.File(path, "w") as file:
        for name, values, dtype in (("times", times, kind), ("units", units, np.uint16)):
            data = file.create_dataset(f"spikes/{name}", (len(values),), h5py.vlen_dtype(dtype))
            for number, each in enumerate(values):
                data[number] = np.array(each, dtype)
        file["labels"] = np.array(labels, np.uint16)
    return path


def test_shd(tmp_path):
    path = shd(tmp_path / "a", [[0.5, 0.25], [0.125]], [[3, 699], [0]], [7, 19])
    data = load_data(f"{path}", time_bin_us=125_000, steps=4)
    assert data.x.shape == (2, 4, 700) and data.y.tolist() == [7, 19]
    assert np.argwhere(data.x).tolist() == [[0, 0, 699], [0, 2, 3], [1, 0, 0]]
    assert load_data(f"shd:{path}", time_bin_us=1000, steps=1, sensor="1000x1").inputs == 1000
    found = describe(DataOptions(data=f"{path}"))
    assert found["sensor"] == {"channels": 700, "polarities": 1} and found["labels"] == {"7": 1, "19": 1}
    assert (found["format"], found["events"], found["on_fraction"]) == ("SHD HDF5", 3, None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([[0.5]], [[3, 4]], [7]), r"recording 0 has \(1,\) times and \(2,\) channels"),
        (([[0.5], [np.nan]], [[3], [4]], [7, 8]), "recording 1 has times that are no seconds"),
        (([[0.5]], [[3], [4]], [7, 8]), "must be lists of one length"),
        (([[0.5], []], [[3], []], [7, 8]), r"recording 1 is empty \(of 2\)"),
    ],
)
def test_damaged_shd_is_refused(given, message, tmp_path):
    with pytest.raises(InputError, match=message):
        load_data(f"shd:{shd(tmp_path / 'a', *given)}", **BINS)


def test_other_hdf5_files_are_refused(tmp_path):
    with h5py.File(tmp_path / "a", "w") as file:
        file["labels"] = h5py.ExternalLink("b", "labels")
    with pytest.raises(InputError, match="it has no spikes/times"):
        load_data(f"{tmp_path / 'a'}", **BINS)
    data = shd(tmp_path / "c", [[0.5]], [[3]], [7]).read_bytes()
    (tmp_path / "c").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="c is not a readable HDF5 file"):
        load_data(f"shd:{tmp_path / 'c'}", **BINS)
