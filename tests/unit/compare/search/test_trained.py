"""Files of one network trained with several seeds."""

from pathlib import Path

import pytest

from tospike.compare.search.trained import Trained, trained_networks
from tospike.hw.params import InputError


def test_names_that_differ_in_their_seed_are_one_network():
    files = [
        Path(name) for name in ("a.seed1.onnx", "b.onnx", "a.seed12.onnx", "x/a_seed1.onnx", "b.onnx", "seed.onnx")
    ]
    assert trained_networks(files) == (
        Trained(files=(files[0], files[2]), seeds=(1, 12)),
        Trained(files=(files[1],), seeds=()),
        Trained(files=(files[3],), seeds=(1,)),
        Trained(files=(files[4],), seeds=()),
        Trained(files=(files[5],), seeds=()),
    )
    assert [each.seed for each in trained_networks(files)] == [None, None, 1, None, None]


def test_a_seed_is_given_once():
    with pytest.raises(InputError, match=r"a-seed01\.nir has the seed of a\.seed1\.nir: give each seed once"):
        trained_networks([Path("a.seed1.nir"), Path("a-seed01.nir")])
