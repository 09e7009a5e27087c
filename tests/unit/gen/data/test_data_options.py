"""Which data judge a network: as an option class has it, for the command line and for Python."""

import numpy as np
import pytest

from tospike.gen.data.datasets import load_data
from tospike.gen.data.options import DataOptions, SampleOptions
from tospike.hw.params import InputError


@pytest.fixture
def spec(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.eye(6), y=np.arange(6))
    return f"npz:{tmp_path / 'd.npz'}"


def test_a_data_set_is_loaded_as_its_options_say(spec):
    data = DataOptions(data=spec, hold_out=3).load()
    assert (data.y.tolist(), data.train_y.tolist()) == ([2, 5], [0, 1, 3, 4])
    assert DataOptions().load().name == "digits"


def test_only_the_first_samples_are_used(spec):
    whole, few = load_data(spec), SampleOptions(data=spec, samples=2).load()
    assert few.y.tolist() == [0, 1] and len(few.x) == 2
    np.testing.assert_array_equal(few.train_x, whole.train_x)
    assert few.split == f"{whole.split}; only the first 2 of 6 test samples"
    assert whole.first(None) is whole and whole.first(6).split == whole.split
    with pytest.raises(InputError, match=r"samples must be from 1 to 6 \(the test samples of d\), not 7"):
        SampleOptions(data=spec, samples=7).load()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"hold_out": 1}, "hold-out must be an integer of at least 2, not 1"),
        ({"time_bin_us": 0}, "time-bin-us must be an integer of at least 1, not 0"),
        ({"samples": 0}, "samples must be an integer of at least 1, not 0"),
    ],
)
def test_out_of_range(given, why):
    with pytest.raises(InputError, match=why):
        SampleOptions(**given)
