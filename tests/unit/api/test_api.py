"""The public Python API: ``import tospike`` and nothing else."""

import doctest
import importlib
import re
import subprocess
import sys
import types
import warnings

import nir
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.paths import ROOT

import tospike
from tospike.gen.data.datasets import DataSet
from tospike.hw.params import WeightSource

MODULES = sorted(path.stem for path in (ROOT / "api").glob("*.py") if not path.stem.startswith("_"))
RNG = np.random.default_rng(11)
X = RNG.random((12, 6), dtype=np.float32)
Y = RNG.integers(0, 3, 12)


def write_ann(path, shape=(6,)):
    """6-4-3 neurons with ReLU between them."""
    weights = {"w1": (6, 4), "w2": (4, 3)}
    rng = np.random.default_rng(7)
    made = [numpy_helper.from_array(rng.normal(size=of).astype(np.float32), name) for name, of in weights.items()]
    nodes = [
        *([helper.make_node("Flatten", ["image"], ["x"])] if len(shape) > 1 else []),
        helper.make_node("MatMul", ["x", "w1"], ["h"], name="fc1"),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "w2"], ["y"], name="fc2"),
    ]
    takes = helper.make_tensor_value_info("image" if len(shape) > 1 else "x", TensorProto.FLOAT, ["batch", *shape])
    gives = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])
    graph = helper.make_graph(nodes, "net", [takes], [gives], made)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def snn_graph(steps=4):
    """6 inputs to 3 LIF neurons."""
    weight = np.random.default_rng(5).normal(size=(3, 6))
    one = np.ones(3)
    nodes = {
        "input": nir.Input(input_type={"input": np.array([6])}),
        "fc": nir.Affine(weight=weight, bias=np.zeros(3)),
        "lif": nir.LIF(tau=4 * one, r=one, v_leak=0 * one, v_threshold=one),
        "output": nir.Output(output_type={"output": np.array([3])}),
    }
    edges = [("input", "fc"), ("fc", "lif"), ("lif", "output")]
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata={"tospike": {"encoding": "direct", "steps": steps, "dt": 1}})


@pytest.fixture(scope="module")
def ann_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("ann") / "tiny.onnx"
    write_ann(path)
    return path


@pytest.fixture(scope="module")
def ann(ann_file):
    return tospike.load(ann_file, data=(X, Y))


# ---------------------------------------------------------------------------------------------------- the package


def test_its_names_are_found_and_listed():
    assert dir(tospike) == sorted(tospike.__all__)
    for name in tospike.__all__:
        assert getattr(tospike, name) is not None
    assert callable(tospike.load) and callable(tospike.study)
    assert isinstance(importlib.import_module("tospike.compare"), types.ModuleType)


def test_no_module_takes_the_place_of_a_name():
    """``import tospike.x`` sets ``tospike.x``."""
    assert not set(MODULES) & set(tospike.__all__)


def test_a_name_is_loaded_when_it_is_asked_for():
    code = (
        "import sys, tospike\n"
        "assert not {'numpy', 'amaranth', 'typer', 'onnx', 'nir'} & sys.modules.keys(), 'too much'\n"
        "tospike.InputError\n"
        "assert not {'numpy', 'amaranth', 'typer', 'onnx', 'nir'} & sys.modules.keys(), 'too much'\n"
        "tospike.load, tospike.study\n"
        "assert not {'typer', 'rich', 'torch', 'matplotlib'} & sys.modules.keys(), 'too much'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings(module, monkeypatch):
    monkeypatch.chdir(ROOT / "examples")
    result = doctest.testmod(importlib.import_module(f"tospike.{module}"), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_public_methods_have_examples():
    for member in (tospike.load, tospike.study, tospike.Network.compile, tospike.Network.evaluate):
        assert ">>>" in member.__doc__
    for member in (tospike.Design.evaluate, tospike.Design.simulate, tospike.Design.synthesize):
        assert ">>>" in member.__doc__


# ------------------------------------------------------------------------------------------------------- networks


def test_options_are_those_of_the_command_line(ann_file, ann):
    loaded = tospike.load(ann_file, data=(X, Y), weight_bits=5, layers={"fc2": {"weight_bits": 3}})
    compiled = ann.compile(weight_bits=5, layers={"fc2": {"weight_bits": 3}})
    assert loaded.compile().params == compiled.params
    np.testing.assert_array_equal(loaded.compile().evaluate().outputs, compiled.evaluate().outputs)
    assert compiled.params != ann.compile().params
    assert loaded.compile(weight_bits=None, layers={"fc2": {"weight_bits": 8}}).params == ann.compile().params
    assert ann.compile(weight_bits=np.int64(5), layers={"fc2": {"weight_bits": np.int8(3)}}).params == compiled.params
    assert ann.compile(weights="stream").params.weight_stream and WeightSource.STREAM == "stream"


@pytest.mark.parametrize(
    "options, message",
    [
        ({"wieght_bits": 4}, "did you mean 'weight_bits'"),
        ({"weight_bits": "many"}, "--weight-bits must be"),
        ({"weight_bits": 4.5}, "--weight-bits must be"),
        ({"layers": {"fc1": {"weight_bit": 4}}}, "did you mean 'weight_bits'"),
        ({"layers": 5}, "layers must map each layer to a dict"),
        ({"layers": {"fc1": 4}}, "must map to a dict of options"),
        ({"hold_out": "a"}, "--hold-out must be an integer"),
        ({"time_bin_us": 0.5}, "--time-bin-us must be an integer"),
        ({"steps": 4}, "--steps is for spiking networks"),
    ],
)
def test_options_that_do_not_exist(ann_file, options, message):
    with pytest.raises(tospike.InputError, match=message):
        tospike.load(ann_file, data=(X, Y), **options)


def test_samples_that_are_no_spikes():
    spikes = RNG.integers(0, 2, (12, 4, 6)).astype(np.uint8)
    design = tospike.load(snn_graph(), data={"spikes": spikes, "label": Y}).compile()
    np.testing.assert_array_equal(design.evaluate(spikes * 1.0).outputs, design.evaluate().outputs)
    for wrong in (spikes * 0.5, spikes * -1.0):
        with pytest.raises(tospike.InputError, match="negative or fractional values"):
            design.evaluate(wrong)


def test_names_of_what_is_no_file():
    for name in ("a/b", 5, "."):
        with pytest.raises(tospike.InputError, match="name must be a word"):
            tospike.load(snn_graph(), data=(X, Y), name=name)


def test_layers_that_do_not_exist(ann):
    with pytest.raises(tospike.InputError, match="layers must map each layer to a dict"):
        ann.compile(layers="fc1")
    with pytest.raises(tospike.InputError, match="did you mean 'fc1'"):
        ann.compile(layers={"fc11": {"weight_bits": 4}})


def test_a_network_without_data(ann_file):
    network = tospike.load(ann_file)
    assert network.layers == ("fc1", "fc2") and not network.is_spiking
    assert repr(network) == "<Network tiny: ANN, 6 inputs, 2 layers, 3 outputs>"
    with pytest.raises(tospike.InputError, match="data=") as told:
        network.evaluate()
    assert len(str(told.value).splitlines()) == 1


def test_data_in_each_form(ann_file, tmp_path, ann):
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    as_read = tospike.load(ann_file, data=f"npz:{tmp_path / 'd.npz'}")
    assert isinstance(as_read.data, DataSet)
    forms = (tmp_path / "d.npz", {"x": X, "y": Y}, (X.tolist(), Y.tolist()), as_read.data, (X.reshape(12, 2, 3), Y))
    for data in forms:
        np.testing.assert_array_equal(tospike.load(ann_file, data=data).data.x, X)
    held = tospike.load(ann_file, data=(X, Y), hold_out=4)
    assert (len(held.data.x), len(held.data.train_x)) == (3, 9)


@pytest.mark.parametrize(
    "data, message",
    [
        (5, "data is a int: give digits"),
        ((X,), "give digits"),
        ((X, Y[:-1]), "12 test samples but 11 labels"),
        ((X * np.nan, Y), "NaN"),
        ({"x": X}, "it needs x, y"),
        ((X, Y + 9), "is not an output of tiny"),
        (([[1, 2], [3]], [0, 1]), "x is not an array of numbers"),
    ],
)
def test_data_that_are_none(ann_file, data, message):
    with pytest.raises(tospike.InputError, match=message):
        tospike.load(ann_file, data=data).compile()


def test_a_network_that_no_engine_runs_answers_in_floating_point(ann_file):
    """Columns of a weight-stationary array share no multipliers."""
    ann = tospike.load(ann_file, data=(X, Y), dataflow="ws", products_per_multiplier=2)
    with pytest.raises(tospike.InputError, match="products-per-multiplier"):
        ann.compile()
    assert ann.evaluate().accuracy == tospike.load(ann_file, data=(X, Y)).evaluate().accuracy


def test_float_network(ann):
    found = ann.evaluate(X, Y)
    assert found.accuracy == np.mean(found.predictions == Y) and found.cycles is None
    assert found.outputs.shape == (12, 3) and len(found) == 12


# ------------------------------------------------------------------------------------------------- what is no file


def test_a_nir_graph_is_taken_as_its_file(tmp_path):
    nir.write(tmp_path / "mine.nir", snn_graph())
    from_file, from_graph = (
        tospike.load(model, data=(X, Y), name="mine") for model in (tmp_path / "mine.nir", snn_graph())
    )
    assert from_file.is_spiking and from_graph.layers == from_file.layers == ("lif",)
    a, b = from_file.compile(), from_graph.compile()
    assert a.params == b.params and a.choices == b.choices
    np.testing.assert_array_equal(a.evaluate().outputs, b.evaluate().outputs)


def test_steps_of_a_spiking_network():
    network = tospike.load(snn_graph(), data=(X, Y))
    assert network.compile(steps=9).evaluate().cycles.mean() > network.compile().evaluate().cycles.mean()


def test_a_torch_module(ann):
    torch = pytest.importorskip("torch", reason="torch is an extra: pip install tospike[train]")
    module = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3))
    try:
        found = tospike.load(module, data=(X, Y), name="net").evaluate(X).outputs
    except tospike.InputError as error:
        pytest.skip(f"{error}")
    np.testing.assert_allclose(found, module(torch.from_numpy(X)).detach().numpy(), rtol=1e-4, atol=1e-5)
    with warnings.catch_warnings(action="error"):
        assert tospike.load(module, data=(X, Y)).name == "ann"


class Module:
    """What tospike asks of a torch module."""

    training = True

    def parameters(self):
        return iter(())

    def eval(self):
        self.train(False)

    def train(self, mode):
        self.training = mode


def install_exporter(monkeypatch, export):
    """A torch that has an exporter and nothing else."""
    torch = types.SimpleNamespace(
        onnx=types.SimpleNamespace(export=export), zeros=lambda shape, device: np.zeros(shape)
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch.nn", types.SimpleNamespace(Module=Module))


def test_a_module_goes_through_the_exporter(monkeypatch, ann):
    """With samples in the shape in which they were given, in evaluation mode, which is put back."""
    asked = []

    def export(module, inputs, path, *, verbose):
        asked.append((module.training, inputs[0].shape))
        write_ann(path, inputs[0].shape[1:])

    install_exporter(monkeypatch, export)
    module = Module()
    images = X.reshape(12, 1, 2, 3)
    network = tospike.load(module, data=(images, Y))
    assert network.name == "Module" and asked == [(False, (1, 1, 2, 3))] and module.training
    np.testing.assert_array_equal(network.compile().evaluate(images).outputs, ann.compile().evaluate().outputs)
    tospike.load(module, data={"x": X, "y": Y}, input_shape=(2, 3), name="mine")
    assert asked[-1] == (False, (1, 2, 3))
    with pytest.raises(tospike.InputError, match="data="):
        tospike.load(module)


def test_a_missing_or_failing_exporter(monkeypatch):
    def lacks(*_, **__):
        raise ModuleNotFoundError("No module named 'onnxscript'", name="onnxscript")

    def fails(*_, **__):
        raise RuntimeError("mat1 and mat2 cannot be multiplied\nand much more")

    for export, message in ((lacks, "pip install onnxscript"), (fails, "torch cannot export Module.*multiplied$")):
        install_exporter(monkeypatch, export)
        with pytest.raises(tospike.InputError, match=message):
            tospike.load(Module(), data=(X, Y))


@pytest.mark.parametrize("model", [None, 5, object(), {}])
def test_what_is_no_network(model):
    with pytest.raises(tospike.InputError, match=r"give the path of an \.onnx or \.nir file"):
        tospike.load(model, data=(X, Y))


def test_a_network_that_is_not_there():
    with pytest.raises(tospike.InputError, match=r"there is no file none\.onnx"):
        tospike.load("none.onnx")


# -------------------------------------------------------------------------------------------------------- designs


def test_golden_answers(ann):
    design = ann.compile()
    found = design.evaluate()
    assert found.accuracy == design.evaluate(X, Y).accuracy == np.mean(found.predictions == Y)
    assert found.cycles.shape == (12,) and all(values.shape == (12,) for values in found.counters.values())
    assert found.operations and all(values.shape == (12,) for values in found.operations.values())
    alone = design.evaluate(X)
    with pytest.raises(tospike.InputError, match="accuracy needs labels"):
        _ = alone.accuracy
    assert found.summary()["accuracy"] == found.accuracy and "accuracy" not in alone.summary()
    assert found.summary()["cycles"]["mean"] == alone.cycles.mean()
    assert isinstance(alone.warnings, tuple) and found.mismatches is None


@pytest.mark.parametrize(
    "x, labels, message",
    [
        (X[0], None, r"x must be \(samples, 6\) as in arrays, not \(6,\)"),
        (X[:, :5], None, "x must be"),
        (X[:0], None, "x must be"),
        (X * np.inf, None, "NaN or infinity"),
        (np.full((2, 6), "a"), None, "x must be numbers"),
        ([[1, 2], [3]], None, "x is not an array of numbers"),
        (X, Y[:3], "labels must be 12 integers from 0 to 2"),
        (X, Y + 3, "labels must be 12 integers from 0 to 2"),
        (X, Y * 0.5, "labels must be"),
        (None, Y, "labels belong to x"),
    ],
)
def test_samples_that_do_not_fit(ann, x, labels, message):
    with pytest.raises(tospike.InputError, match=message):
        ann.compile().evaluate(x, labels)


def test_rtl_is_the_golden_model(ann):
    design = ann.compile(rows=1, cols=1)
    found = design.simulate(X[:3], Y[:3])
    expected = design.evaluate(X[:3], Y[:3])
    assert found.equals_golden and "equal to the golden model" in repr(found)
    np.testing.assert_array_equal(found.outputs, expected.outputs)
    np.testing.assert_array_equal(found.cycles, expected.cycles)
    assert found.totals["cycles"] == expected.cycles.sum() and found.accuracy == expected.accuracy


def test_generated_folder_is_the_command_line_s(ann, ann_file, tmp_path):
    np.savez(tmp_path / "arrays.npz", x=X, y=Y)
    folder = ann.compile().generate(tmp_path / "api")
    command = [sys.executable, "-m", "tospike", "generate", "network", ann_file]
    subprocess.run(
        [*command, "--data", "npz:arrays.npz", "--out", "cli"], cwd=tmp_path, check=True, capture_output=True
    )
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert files == {path.relative_to(tmp_path / "cli") for path in (tmp_path / "cli").rglob("*") if path.is_file()}
    verilog = next(path for path in folder.rglob("tiny.v"))
    assert verilog.read_bytes() == (tmp_path / "cli" / verilog.relative_to(folder)).read_bytes()


def test_a_target_that_is_not_there(ann):
    with pytest.raises(tospike.InputError, match="ecp5-85k"):
        ann.compile(rows=1, cols=1).synthesize("ecp5-99k")


@pytest.mark.slow
def test_synthesis(ann):
    report = ann.compile(rows=1, cols=1).synthesize("ice40-up5k")
    assert report.fmax_mhz > 1 and report.target == "ice40-up5k"


# -------------------------------------------------------------------------------------------------------- studies


def test_a_study_of_objects(ann_file, tmp_path):
    quick = {"pair": True, "synth": False, "sensitivity": False, "rtl_samples": 1, "technology": "osu018"}
    quick["iso_accuracy"] = False
    found = tospike.study(ann=ann_file, snn=snn_graph(), data=(X, Y), name="mine", folder=tmp_path / "out", **quick)
    assert isinstance(found, tospike.Study) and found.report.workload.name == "mine"
    assert found.report.technology.name == "osu018" and found.report.iso_accuracy is None
    assert tospike.Study.load(tmp_path / "out").to_dict() == found.to_dict()
    assert str(found).startswith("On mine, ") and "<strong>On mine, " in found._repr_html_()


def test_a_workload_by_its_name(ann_file, tmp_path):
    """With what it needs, or what replaces its own; without a folder nothing is written."""
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    nir.write(tmp_path / "s.nir", snn_graph())
    quick = {"pair": True, "synth": False, "sensitivity": False, "matched_qnn": False, "rtl_samples": 1}
    quick["iso_accuracy"] = False
    found = tospike.study("braille", ann=ann_file, snn=tmp_path / "s.nir", data=tmp_path / "d.npz", **quick)
    assert (found.report.workload.name, found.report.workload.samples) == ("braille", 3), "every 4th is a test sample"
    assert {path.name for path in tmp_path.iterdir()} == {"d.npz", "s.nir"}


@pytest.mark.parametrize(
    "workload, given, message",
    [
        (None, {}, "nothing to study: give ann and data, or the name of a workload"),
        (None, {"ann": "a.onnx"}, "nothing to study: give ann and data"),
        ("digit", {}, "there is no workload 'digit': use digits, mnist-mlp"),
        ("mnist-mlp", {}, "mnist-mlp needs MNIST's files: give --data mnist:DIR"),
        ("mnist-mlp", {"data": (X, Y)}, "a workload takes data by name, not a tuple"),
        ("digits", {"samples": 0}, "samples must be an integer of at least 1, not 0"),
        ("digits", {"samples": 450}, "samples must be from 1 to 449"),
    ],
)
def test_workloads_that_cannot_be(workload, given, message):
    with pytest.raises(tospike.InputError, match=message):
        tospike.study(workload, **given)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"sensitivty": False}, "did you mean 'sensitivity'"),
        ({"synth": 3}, "synth must be"),
        ({"technology": "osu19"}, "osu018"),
        ({"samples": "all"}, "samples must be an integer"),
        ({"samples": 99}, "samples must be from 1 to 12"),
    ],
)
def test_studies_that_cannot_be(ann_file, options, message):
    with pytest.raises(tospike.InputError, match=message):
        tospike.study(ann=ann_file, snn=snn_graph(), data=(X, Y), **options)


# ----------------------------------------------------------------------------------------------------------- docs


def test_the_tutorial_runs(monkeypatch, tmp_path):
    """All its blocks but those that say ``no-test``, one after the other."""
    for name in ("digits_ann.onnx", "digits_snn.nir"):
        (tmp_path / name).write_bytes((ROOT / "examples" / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "tutorial" / "python.md").read_text()
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```", text)
    assert len(blocks) == 6
    variables: dict = {}
    for block in blocks:
        exec(block, variables)
    assert repr(variables["ann"]) in text and repr(variables["ann"].evaluate()) in text
    assert repr(variables["design"]) in text and (tmp_path / "build" / "digits" / "manifest.json").is_file()
