import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from support.paths import SHARED

from tospike.gen.data.datasets import load_data
from tospike.gen.data.recordings.binning import bin_events
from tospike.hw.params import InputError

SHARED_MNIST = SHARED / "data" / "mnist"


def write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    raw = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)


def write_mnist(folder: Path, prefix: str, count: int, suffix: str = "") -> np.ndarray:
    images = np.random.default_rng(count).integers(0, 256, (count, 4, 3))
    write_idx(folder / f"{prefix}-images-idx3-ubyte{suffix}", images)
    write_idx(folder / f"{prefix}-labels-idx1-ubyte{suffix}", np.arange(count) % 10)
    return images


def test_digits_split_is_fixed():
    data = load_data("digits")
    assert data.x.shape == (449, 64) and data.train_x.shape == (1348, 64)
    assert data.x.dtype == np.float32 and (data.x.min(), data.x.max()) == (0, 1)
    assert data.y[:8].tolist() == [3, 7, 1, 5, 9, 3, 7, 9]  # samples 3, 7, 11, ...
    assert data.train_y[:6].tolist() == [0, 1, 2, 4, 5, 6]
    assert set((data.x * 16).ravel().tolist()) <= set(range(17))
    assert not data.is_spikes and data.inputs == 64 and data.steps == 1
    assert "i % 4 == 3" in data.split and "divided by 16" in data.split


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_mnist_reads_idx(tmp_path, suffix):
    test = write_mnist(tmp_path, "t10k", 5, suffix)
    train = write_mnist(tmp_path, "train", 7, suffix)
    data = load_data(f"mnist:{tmp_path}")
    np.testing.assert_allclose(data.x, test.reshape(5, 12) / 255, rtol=1e-6)
    np.testing.assert_allclose(data.train_x, train.reshape(7, 12) / 255, rtol=1e-6)
    assert data.y.tolist() == [0, 1, 2, 3, 4] and len(data.train_y) == 7


def test_mnist_without_training_images_says_so(tmp_path):
    write_mnist(tmp_path, "t10k", 5)
    data = load_data(f"mnist:{tmp_path}")
    assert "no train images" in data.split
    (line,) = data.warnings
    assert "has no training part: calibrated on the first 5 samples of the test; add train-images-idx3-ubyte" in line
    np.testing.assert_array_equal(data.train_x, data.x)


def test_mnist_training_images_as_npz(tmp_path):
    write_mnist(tmp_path, "t10k", 5)
    x = np.random.default_rng(1).integers(0, 256, (7, 4, 3)).astype(np.uint8)
    np.savez(tmp_path / "mnist_train.npz", x=x, y=np.arange(7, dtype=np.uint8))
    data = load_data(f"mnist:{tmp_path}")
    np.testing.assert_allclose(data.train_x, x.reshape(7, 12) / 255, rtol=1e-6)
    assert data.train_y.tolist() == list(range(7)) and "no train images" not in data.split
    np.savez(tmp_path / "mnist_train.npz", x=x / 255, y=np.arange(7))
    with pytest.raises(InputError, match=r"mnist_train\.npz must hold images x"):
        load_data(f"mnist:{tmp_path}")


@pytest.mark.skipif(not SHARED_MNIST.is_dir(), reason="MNIST is not in ../shared/data")
def test_mnist_as_published():
    data = load_data(f"mnist:{SHARED_MNIST}")
    assert data.x.shape == (10000, 784)
    assert data.y[:5].tolist() == [7, 2, 1, 0, 4]


def test_npz_dense(tmp_path):
    x = np.arange(24, dtype=np.int16).reshape(4, 2, 3)
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(4))
    data = load_data(f"npz:{tmp_path / 'a.npz'}")
    assert data.name == "a" and data.x.shape == (4, 6) and data.x.dtype == np.float32
    (line,) = data.warnings
    assert line == (
        "a.npz has no training part: calibrated on the first 4 samples of the test; give --hold-out, or add train_x "
        "and train_y"
    )
    assert data.x[1, 0] == 6
    np.savez(tmp_path / "b.npz", x=x, y=np.arange(4), train_x=x[:3] + 1, train_y=np.arange(3))
    data = load_data(f"npz:{tmp_path / 'b.npz'}")
    assert data.train_x.shape == (3, 6) and data.train_x[0, 0] == 1 and data.warnings == ()


def test_npz_spikes(tmp_path):
    spikes = np.zeros((3, 5, 2), np.uint8)
    spikes[2, 4, 1] = 1
    np.savez(tmp_path / "a.npz", spikes=spikes, label=np.array([0, 1, 2]))
    data = load_data(f"npz:{tmp_path / 'a.npz'}")
    assert data.is_spikes and data.inputs == 2 and data.steps == 5
    assert data.warnings[0].endswith("of the test; give --hold-out")  # train_x cannot be spikes
    np.testing.assert_array_equal(data.x, spikes)


def events(**changes):
    arrays = {
        "x": np.array([0, 1, 1, 0]),
        "y": np.array([0, 0, 2, 1]),
        "p": np.array([0, 1, 0, 1]),
        "t_us": np.array([100, 1099, 1100, 7]),
        "offsets": np.array([0, 3, 4]),
        "label": np.array([4, 2]),
    }
    return arrays | {name: np.asarray(value) for name, value in changes.items()}


def test_events_are_binned_from_the_first_of_a_recording(tmp_path):
    np.savez(tmp_path / "a.npz", **events())
    data = load_data(f"npz:{tmp_path / 'a.npz'}", time_bin_us=1000, steps=2)
    assert data.x.shape == (2, 2, 2 * 3 * 2)
    # channel = (p * 3 + y) * 2 + x
    assert np.argwhere(data.x).tolist() == [[0, 0, 0], [0, 0, 7], [0, 1, 5], [1, 0, 8]]
    assert bin_events(events(), time_bin_us=1000, steps=1).sum() == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"t_us": [100, 99, 1100, 7]}, r"time goes backwards in recording 0 \(event 1, 100 to 99 us\)"),
        ({"offsets": [0, 4, 4]}, r"recording 1 is empty \(of 2\): leave it"),
        ({"x": [0, 1, 0, -1]}, r"x is -1 in recording 1 \(event 3\), outside 0 to"),
        ({"offsets": [0, 3, 5]}, "offsets must ascend from 0 to the number of events"),
        ({"p": [0, 2, 0, 1]}, r"p is 2 in recording 0 \(event 1\), outside 0 to 1: give 0 or 1, or -1 or 1$"),
        ({"x": [0, 1, 1]}, "differ in length"),
    ],
)
def test_damaged_events_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        bin_events(events(**changes), time_bin_us=1000, steps=2)


def test_the_sensor_may_be_larger_than_the_events_reach(tmp_path):
    np.savez(tmp_path / "a.npz", **events())
    spec = f"npz:{tmp_path / 'a.npz'}"
    data = load_data(spec, time_bin_us=1000, steps=2, sensor="4x5")
    assert data.x.shape == (2, 2, 2 * 5 * 4)
    assert np.argwhere(data.x).tolist() == [[0, 0, 0], [0, 0, 21], [0, 1, 9], [1, 0, 24]]
    with pytest.raises(InputError, match=r"y is 2 in recording 0 \(event 2\), outside 0 to 1: .* another --sensor"):
        load_data(spec, time_bin_us=1000, steps=2, sensor="4x2")
    with pytest.raises(InputError, match=r"y is -1 in recording 0 .*: remove such events$"):  # no sensor has that
        bin_events(events(y=[0, -1, 2, 1]), time_bin_us=1000, steps=2, sensor=(4, 5))
    for text in ("4", "0x3", "axb", "4x5x6"):
        with pytest.raises(InputError, match=f"sensor '{text}' is not WIDTHxHEIGHT"):
            load_data(spec, time_bin_us=1000, steps=2, sensor=text)


def test_events_need_a_time_step(tmp_path):
    np.savez(tmp_path / "a.npz", **events())
    with pytest.raises(InputError, match="--time-bin-us"):
        load_data(f"npz:{tmp_path / 'a.npz'}")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.array([[1.0, np.nan]]), "y": np.array([0])}, "the test samples hold NaN"),
        ({"x": np.zeros((3, 2)), "y": np.zeros(2, int)}, "3 test samples but 2 labels"),
        ({"x": np.zeros((0, 2)), "y": np.zeros(0, int)}, "there are no test samples"),
        ({"x": np.zeros(3), "y": np.zeros(3, int)}, r"x must be \(samples, values\)"),
        ({"x": np.zeros((3, 2)), "y": np.zeros(3)}, "labels must be one integer per sample"),
        ({"spikes": np.zeros((3, 2)), "label": np.zeros(3, int)}, "spikes must be"),
        ({"x": np.array([["a"]]), "y": np.zeros(1, int)}, "instead of numbers"),
        ({"x": np.full((1, 2), 1e300), "y": np.zeros(1, int)}, r"a.npz holds values of up to 1e\+300, .* scale them"),
        (
            {"x": np.full((1, 2), "1e400").astype(np.longdouble), "y": np.zeros(1, int)},
            "beyond the range of float32: scale them",
        ),
        (
            {"x": np.zeros((3, 2)), "y": np.full(3, 2**63, np.uint64)},
            "labels: 9223372036854775808 cannot be an integer",
        ),
        ({"z": np.zeros(3)}, "holds z: it needs x, y"),
        ({k: v for k, v in events().items() if k != "offsets"}, "holds events, but lacks the arrays offsets"),
        (
            {"x": np.ones((2, 2)), "y": np.arange(2), "train_x": np.ones((2, 3)), "train_y": np.arange(2)},
            r"samples of shape \(2,\) \(test\) and \(3,\)",
        ),
    ],
)
def test_bad_npz_is_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=message):
        load_data(f"npz:{tmp_path / 'a.npz'}")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 truncated"])
def test_no_npz_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(InputError, match="is not a readable npz file") as caught:
        load_data(f"npz:{tmp_path / 'a.npz'}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00\x00\x08\x03\x00"])
def test_no_idx_is_refused(tmp_path, content):
    write_mnist(tmp_path, "t10k", 5)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(InputError, match="not a complete idx file"):
        load_data(f"mnist:{tmp_path}")


def test_truncated_gz_is_refused(tmp_path):
    write_mnist(tmp_path, "t10k", 5, ".gz")
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match="is not a readable idx file"):
        load_data(f"mnist:{tmp_path}")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("digit", "unknown data 'digit': give digits, mnist:DIR, images:DIR, fsdd:DIR, npz:FILE, events:PATH"),
        ("mnist:", "unknown data"),
        ("mnist:/no/such/folder", "there is no folder /no/such/folder"),
        ("npz:/no/such.npz", "there is no file /no/such.npz"),
    ],
)
def test_unknown_data_is_refused(spec, message):
    with pytest.raises(InputError, match=message):
        load_data(spec)


def test_mnist_folder_without_test_images(tmp_path):
    with pytest.raises(InputError, match="lacks t10k-images"):
        load_data(f"mnist:{tmp_path}")


def test_some_samples_are_held_out(tmp_path):
    spikes = np.arange(7 * 2 * 3).reshape(7, 2, 3).astype(np.uint8)
    np.savez(tmp_path / "d.npz", spikes=spikes, label=np.arange(7))
    data = load_data(f"npz:{tmp_path / 'd.npz'}", every=3)
    assert data.y.tolist() == [2, 5] and data.train_y.tolist() == [0, 1, 3, 4, 6]
    np.testing.assert_array_equal(data.x, spikes[[2, 5]])
    np.testing.assert_array_equal(data.train_x, spikes[[0, 1, 3, 4, 6]])
    assert "sample i is test when i % 3 == 2 (2), else training (5)" in data.split and data.warnings == ()


@pytest.mark.parametrize("every", [1, 8])
def test_held_out_samples_leave_both_parts(tmp_path, every):
    np.savez(tmp_path / "d.npz", x=np.eye(7), y=np.arange(7))
    with pytest.raises(InputError, match=f"hold-out {every} leaves no test or no training samples: give 2 to 7"):
        load_data(f"npz:{tmp_path / 'd.npz'}", every=every)


def test_data_with_a_training_part_hold_nothing_out(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.eye(7), y=np.arange(7), train_x=np.eye(7), train_y=np.arange(7))
    for spec in (f"npz:{tmp_path / 'd.npz'}", "digits"):
        with pytest.raises(InputError, match="has a training part of its own: leave --hold-out out"):
            load_data(spec, every=3)


def write_events(path, **changes):
    events = {"x": [0, 1, 1], "y": [0, 0, 1], "p": [0, 1, 1], "t_us": [0, 10, 20], "offsets": [0, 3], "label": [0]}
    np.savez(path, **{name: np.asarray(value) for name, value in {**events, **changes}.items()})
    return f"npz:{path}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"t_us": [0, 0.05, 0.1]},
            r"t_us\[1\] is 0.05, not an integer in range: give whole microseconds \(seconds times",
        ),
        ({"t_us": [0, np.nan, 1]}, r"t_us\[1\] is nan"),
        ({"t_us": [0, np.inf, np.inf]}, r"t_us\[1\] is inf"),
        ({"t_us": np.array([0, 1, 1 << 63], np.uint64)}, r"t_us\[2\] is 9223372036854775808, not an integer in range"),
        ({"t_us": [-(1 << 63), 0, (1 << 63) - 1]}, r"t_us\[0\] is -9223372036854775808"),
        ({"t_us": ["a", "b", "c"]}, "t_us is <U1, not numbers"),
        ({"x": [0, 0.5, 1]}, r"x\[1\] is 0.5, not an integer in range: give the pixel's column"),
        ({"p": [0, 0.5, 1]}, r"p\[1\] is 0.5"),
        ({"p": [-1, 0, 1]}, "p is -1 in recording 0"),
        ({"offsets": [0, 2.5, 3]}, r"offsets\[1\] is 2.5"),
        ({"offsets": [0, 2, 1, 3]}, "offsets must ascend"),
        ({"offsets": [[0, 3]]}, "must be lists of numbers"),
        ({"label": [-1]}, "label -1, which is not a class: number them from 0"),
        ({"label": [0.5]}, "labels must be one integer per sample.*astype"),
    ],
)
def test_events_are_integers(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        load_data(write_events(tmp_path / "d.npz", **changes), time_bin_us=10, steps=3)


def test_polarities_of_either_kind_and_integers_of_any_type(tmp_path):
    wanted = load_data(write_events(tmp_path / "d.npz"), time_bin_us=10, steps=3)
    changes = {"p": np.array([-1, 1, 1], np.int8), "t_us": np.array([0, 10, 20.0]), "x": np.array([0, 1, 1], np.uint64)}
    found = load_data(write_events(tmp_path / "d.npz", **changes), time_bin_us=10, steps=3)
    assert found.x.tolist() == wanted.x.tolist()
    assert found.warnings == ("d.npz: polarities -1 and 1 are read as 0 and 1", *wanted.warnings)
    truth = load_data(write_events(tmp_path / "d.npz", p=[False, True, True]), time_bin_us=10, steps=3)
    assert truth.x.tolist() == wanted.x.tolist()


def test_labels_are_outputs(tmp_path):
    path = tmp_path / "d.npz"
    np.savez(path, x=np.ones((4, 2)), y=np.array([1, 2, 3, 1]))
    data = load_data(f"npz:{path}")
    data.require_classes(4, "net")
    with pytest.raises(InputError, match=r"label 3 of sample 2 is not an output of net.* 0 to 2.*subtract 1 from all"):
        data.require_classes(3, "net")
    with pytest.raises(InputError, match=r"number the classes from 0$"):
        data.require_classes(2, "net")


@pytest.mark.parametrize("mode", ["I;16", "LA", "RGBA"])
def test_images_that_would_lose_something_are_refused(tmp_path, mode):
    image = pytest.importorskip("PIL.Image", reason="folders of images need Pillow")
    for part in ("train", "test"):
        (tmp_path / part / "0").mkdir(parents=True)
        image.new("L", (4, 4)).save(tmp_path / part / "0" / "a.png")
    image.new(mode, (4, 4)).save(tmp_path / "test" / "0" / "b.png")
    with pytest.raises(InputError, match=rf"b\.png is an image of mode {mode}: save it in 8-bit grey or in colours"):
        load_data(f"images:{tmp_path}")
