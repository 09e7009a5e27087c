"""The workloads of tospike compare: what they bring, what they ask for, what the user's files replace."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from support.command_line import write_onnx
from support.paths import EXAMPLES

from tospike.compare.study.chosen import choose
from tospike.compare.study.options import StudyOptions
from tospike.compare.study.run import run_study
from tospike.compare.study.workload import WORKLOADS, Overrides, named
from tospike.gen.load import load_network
from tospike.gen.nir.frameworks import Framework
from tospike.gen.options.model import ModelOptions
from tospike.hw.params import InputError

OWN = Overrides(ann=(Path("a.onnx"),), snn=(Path("s.nir"),), data="npz:d.npz")


def test_digits_need_nothing():
    workload = named("digits", ModelOptions())
    data = workload.load()
    assert len(data.x) == 449 and workload.rtl_samples is None
    assert workload.networks(data, Path("out")) == {"ann": workload.ann, "snn": workload.snn}


def test_digits_have_a_network_for_each_fold_unless_one_is_the_users():
    workload = named("digits", ModelOptions())
    for kind, own in (("ann", workload.ann), ("snn", workload.snn)):
        assert [path.name for path in workload.folds[kind]] == [
            f"{own.stem}.fold{number}{own.suffix}" for number in (1, 2, 3)
        ]
        assert all(path.is_file() for path in workload.folds[kind])
    tested = [workload.fold(number) for number in (1, 2, 3)] + [workload.load()]
    together = np.concatenate([data.x for data in tested])
    assert len(together) == 1797 and len({row.tobytes() for row in together}) == len(
        {row.tobytes() for row in np.concatenate([tested[0].x, tested[0].train_x])}
    )
    with pytest.raises(InputError, match="there is no test fold 5: give 1 to 4"):
        workload.fold(5)
    users = named("digits", ModelOptions(), Overrides(ann=(Path("a.onnx"),)))
    assert users.folds == {"ann": (), "snn": ()}


def test_a_pair_is_tested_on_the_fold_that_its_files_name():
    files = {
        kind: (EXAMPLES / name,) for kind, name in (("ann", "digits_ann.fold2.onnx"), ("snn", "digits_snn.fold2.nir"))
    }
    workload = named("digits", ModelOptions(), Overrides(data="digits", **files))
    data = workload.load()
    chosen = choose(workload, data, workload.networks(data, Path("out")), StudyOptions(), lambda *_: None)
    assert np.array_equal(chosen.data.x, workload.fold(2).x) and not np.array_equal(chosen.data.x, data.x)
    mixed = replace(workload, snn=EXAMPLES / "digits_snn.nir")
    with pytest.raises(InputError, match="but these have different folds"):
        choose(mixed, data, mixed.networks(data, Path("out")), StudyOptions(), lambda *_: None)


def test_any_name_goes_with_own_networks_and_data():
    for name in ("mine", "digits"):
        workload = named(name, ModelOptions(), OWN)
        assert ((workload.ann,), (workload.snn,), workload.data.data) == (OWN.ann, OWN.snn, OWN.data)
        assert workload.description == OWN.data and workload.data.hold_out is None


def test_options_of_the_workload_give_way_to_the_users():
    given = Overrides(data="mnist:x")
    assert named("mnist-mlp", ModelOptions(), given).options == ModelOptions(weight_bits=6)
    assert named("mnist-mlp", ModelOptions(weight_bits=4), given).options == ModelOptions(weight_bits=4)
    for own in ({"ann": (Path("a.onnx"),)}, {"snn": (Path("s.nir"),)}):
        assert named("mnist-mlp", ModelOptions(), replace(given, **own)).options == ModelOptions()
    workload = named("nmnist", ModelOptions(), OWN)
    assert workload.options == ModelOptions(steps=300, framework=Framework.SINABS)
    assert (workload.data.time_bin_us, workload.data.hold_out) == (1000, 4)
    assert named("nmnist", ModelOptions(), replace(OWN, hold_out=2)).data.hold_out == 2
    images = replace(OWN, data="mnist:x")
    assert named("mnist-cnn", ModelOptions(rows=8), images).options == ModelOptions(rows=8, cols=4)
    assert named("mnist-cnn", ModelOptions(fit="ecp5-85k"), images).options == ModelOptions(fit="ecp5-85k")


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        (
            "digit",
            Overrides(),
            "there is no workload 'digit': use digits, mnist-mlp, mnist-cnn, braille, nmnist, cochlea, or give",
        ),
        ("mine", Overrides(ann=OWN.ann), "mine needs all of --ann, --snn and --data"),
        ("digits", Overrides(data="digits"), "digits has its own data: leave out --data"),
        ("mnist-mlp", Overrides(), "mnist-mlp needs MNIST's files: give --data mnist:DIR"),
        ("mnist-mlp", Overrides(data="npz:x"), "mnist-mlp needs MNIST's files"),
        ("mnist-cnn", Overrides(data="mnist:x"), "mnist-cnn needs .* --ann FILE.onnx"),
        ("braille", Overrides(data="npz:x"), "braille needs .* --snn braille_noDelay_bias_zero.nir"),
        ("braille", Overrides(snn=OWN.snn), "braille needs .* --data npz:FILE"),
        ("nmnist", Overrides(data="npz:x"), "nmnist needs .* --snn cnn_sinabs.nir"),
    ],
)
def test_what_is_missing_is_asked_for(name, given, message):
    with pytest.raises(InputError, match=message):
        named(name, ModelOptions(), given)


def test_a_file_that_states_its_options_keeps_them():
    """The example's file does; that of the NIR paper, for which the workload knows dt, does not."""
    stated = Overrides(snn=(named("digits", ModelOptions()).snn,), data="npz:x")
    assert named("braille", ModelOptions(), stated).options == ModelOptions()
    assert named("braille", ModelOptions(), replace(stated, snn=OWN.snn)).options == ModelOptions(dt=1e-4)
    assert named("braille", ModelOptions(dt=2e-4), replace(stated, snn=OWN.snn)).options == ModelOptions(dt=2e-4)
    assert named("mnist-cnn", ModelOptions(), replace(OWN, data="mnist:x")).options == ModelOptions(rows=2, cols=4)


def test_every_workload_tells_what_it_needs():
    for name, known in WORKLOADS.items():
        missing = [part for part in ("ann", "data") if getattr(known, part) is None]
        missing += ["snn"] if known.snn is None and not known.converted_steps else []
        assert all(f"--{part}" in known.needs for part in missing), name


def test_some_of_the_test_samples(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.eye(6), y=np.arange(6))
    given = replace(OWN, data=f"npz:{tmp_path / 'd.npz'}", hold_out=2, samples=2)
    data = named("mine", ModelOptions(), given).load()
    assert data.y.tolist() == [1, 3] and data.train_y.tolist() == [0, 2, 4]
    assert data.split.endswith("only the first 2 of 3 test samples")
    with pytest.raises(InputError, match=r"samples must be from 1 to 3 \(the test samples of d\), not 4"):
        named("mine", ModelOptions(), replace(given, samples=4)).load()


def test_an_snn_that_is_not_given_is_made_of_the_ann(tmp_path):
    rng = np.random.default_rng(3)
    weights = {f"w{n}": rng.normal(size=(5, 5)).astype(np.float32) for n in range(2)}
    nodes = [
        helper.make_node("MatMul", ["x", "w0"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "w1"], ["y"]),
    ]
    write_onnx(tmp_path / "cnn.onnx", nodes, weights, inputs=5, outputs=5)
    workload = named("mnist-cnn", ModelOptions(steps=3), Overrides(ann=(tmp_path / "cnn.onnx",), data="mnist:x"))
    np.savez(tmp_path / "d.npz", x=rng.random((9, 5)), y=np.arange(9) % 5)
    data = named("mine", ModelOptions(), replace(OWN, data=f"npz:{tmp_path / 'd.npz'}")).load()
    paths = workload.networks(data, tmp_path)
    assert paths == {"ann": tmp_path / "cnn.onnx", "snn": tmp_path / "cnn_snn.nir"}
    snn = load_network(paths["snn"])
    assert snn.is_spiking and snn.input.steps == 3
    refused = replace(workload, data=data, options=ModelOptions(event_bin=5))
    with pytest.raises(InputError, match="--event-bin"):
        run_study(refused, tmp_path / "report", StudyOptions(), command="")
    assert not (tmp_path / "report").exists()
