"""Files of one network trained with several seeds and folds."""

from pathlib import Path

import pytest

from tospike.compare.search.trained import Trained, trained_networks
from tospike.hw.params import InputError


def paths(*names):
    return tuple(map(Path, names))


def test_names_that_differ_in_their_seed_are_one_network():
    files = paths("a.seed1.onnx", "b.onnx", "a.seed12.onnx", "x/a_seed1.onnx", "b.onnx", "seed.onnx")
    assert trained_networks(files) == (
        Trained(files=((files[0],), (files[2],)), seeds=(1, 12), folds=(None,)),
        Trained(files=((files[1],),), seeds=(None,), folds=(None,)),
        Trained(files=((files[3],),), seeds=(1,), folds=(None,)),
        Trained(files=((files[4],),), seeds=(None,), folds=(None,)),
        Trained(files=((files[5],),), seeds=(None,), folds=(None,)),
    )
    assert [each.seed for each in trained_networks(files)] == [None, None, 1, None, None]


@pytest.mark.parametrize("names", [("a.nir", "a.fold2.nir", "a.fold1.nir"), ("a.fold1.nir", "a.nir", "a.fold2.nir")])
def test_a_file_without_a_fold_is_tested_on_the_own_test_part(names):
    (network,) = trained_networks(paths(*names))
    assert network.files == (paths("a.fold1.nir", "a.fold2.nir", "a.nir"),)
    assert network.folds == (1, 2, None) and network.first == Path("a.nir")


def test_seeds_and_folds():
    names = [f"a.seed{seed}.fold{fold}.nir" for seed in (3, 1) for fold in (2, 1)]
    (network,) = trained_networks(paths(*names))
    assert network.files == (paths(names[1], names[0]), paths(names[3], names[2]))
    assert (network.seeds, network.folds, network.first) == ((3, 1), (1, 2), Path("a.seed3.fold2.nir"))
    assert trained_networks(paths(*(f"a-fold{n}-seed1.nir" for n in (1, 2))))[0].seeds == (1,)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a.seed1.nir", "a-seed01.nir"), r"a-seed01\.nir has the seed and fold of a\.seed1\.nir: give each once"),
        (
            ("a.seed1.fold1.nir", "a.seed1.fold2.nir", "a.seed2.fold1.nir"),
            "a.nir has 3 files, but not seed 2 of fold 2",
        ),
    ],
)
def test_each_seed_has_each_fold_once(names, message):
    with pytest.raises(InputError, match=message):
        trained_networks(paths(*names))
