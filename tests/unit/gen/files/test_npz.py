"""Npz files of arrays with any names."""

import io

import numpy as np

from tospike.gen.files.npz import npz_bytes


def test_any_name_comes_back():
    arrays = {"file": np.arange(3), "model/dense:0": np.ones((2, 2), np.float32), "label": np.array(["a", "bc"])}
    with np.load(io.BytesIO(npz_bytes(arrays)), allow_pickle=False) as found:
        assert set(found) == set(arrays)
        assert all(np.array_equal(found[name], values) for name, values in arrays.items())
