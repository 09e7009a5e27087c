"""Options: written once, in the classes that have them."""

import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from tospike.cli.main import app
from tospike.cli.options import takes_options, without
from tospike.compare.energy.gates.inputs import GateData
from tospike.compare.energy.gates.options import BlockOptions, NetworkGateOptions
from tospike.compare.energy.gates.study import GateStudyOptions
from tospike.compare.study.options import StudyOptions
from tospike.compare.study.workload import Overrides
from tospike.compare.sweep.axes import Axes
from tospike.compare.sweep.break_even import BreakEvenAxes, BreakEvenGates
from tospike.compare.sweep.runner import WorkerOptions
from tospike.examples.train import TrainOptions
from tospike.gen.convert import ConvertOptions
from tospike.gen.data.options import DataOptions, SampleOptions
from tospike.gen.nir.options import NirOptions
from tospike.gen.options.core import LayerOptions, NeuronOptions, SpikingEngine
from tospike.gen.options.model import CLASSES, OPTIONS, ModelOptions
from tospike.gen.options.systolic import ActSign, ArrayOptions, SystolicOptions
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.step_accuracy import CurveOptions
from tospike.gen.tools.cache import CacheOptions
from tospike.gen.tools.cache_prune import PruneOptions
from tospike.hw.params import (
    REQUIRED,
    DenseLayer,
    HostOutput,
    InputError,
    NeuronKind,
    Readout,
    RegisterParams,
    WeightSource,
    check_options,
    option,
    options_given,
    options_of,
    require_known,
    same_option,
)
from tospike.synth.board.bitstream import BuildOptions
from tospike.synth.options import SynthOptions
from tospike.tb.board.serial_line import LineOptions
from tospike.tb.evaluate import EvaluateOptions
from tospike.tb.gemm import GemmBench
from tospike.tb.spikes import SpikesBench
from tospike.tb.verify import VerifyOptions


class Colour(StrEnum):
    RED = "red"
    DARK_BLUE = "dark-blue"


@dataclass(frozen=True, kw_only=True)
class Paint:
    coats: int = option(2, "Coats of paint", low=1, high=4)
    colour: Colour | None = option(None, "Colour of the wall", unset="as it is", name="tint")
    ratio: float = option(0.5, "How thin it is")
    glossy: bool = option(False, "Whether it shines")
    maker: str | None = option(None, "Who made it")
    hidden: int = option(7)
    gloss: float = option(0.5, "Share of varnish", low=0, high=1)
    litres: float = option(2.5, "How much there is", above=0)
    brush: Path | None = option(None, "File of the brush")
    layers: tuple[str, ...] = option((), "What is below")

    def __post_init__(self):
        check_options(self)


PAINT = options_of(Paint)


def test_an_option_tells_its_name_default_and_range():
    texts = {each.flag: each.text for each in PAINT.values()}
    assert texts == {
        "--coats": "Coats of paint [2; 1 to 4].",
        "--tint": "Colour of the wall [as it is].",
        "--ratio": "How thin it is [0.5].",
        "--glossy": "Whether it shines.",
        "--maker": "Who made it.",
        "--hidden": " [7].",
        "--gloss": "Share of varnish [0.5; 0 to 1].",
        "--litres": "How much there is [2.5; above 0].",
        "--brush": "File of the brush.",
        "--layers": "What is below.",
    }
    assert PAINT["tint"].field == "colour" and PAINT["tint"].type is Colour


@pytest.mark.parametrize("coats", [0, 5, 1.5, True, None])
def test_a_range_is_checked(coats):
    with pytest.raises(InputError, match="coats must be an integer from 1 to 4"):
        Paint(coats=coats)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"gloss": -0.1}, "gloss must be a number from 0 to 1, not -0.1"),
        ({"gloss": 2}, "gloss must be a number from 0 to 1, not 2"),
        ({"gloss": float("nan")}, "gloss must be a number from 0 to 1, not nan"),
        ({"gloss": "1"}, "gloss must be a number from 0 to 1, not '1'"),
        ({"litres": 0}, "litres must be a number above 0, not 0"),
        ({"litres": float("inf")}, "litres must be a number above 0, not inf"),
    ],
)
def test_a_range_of_real_numbers_is_checked(given, why):
    with pytest.raises(InputError, match=why):
        Paint(**given)
    assert (Paint(gloss=1).gloss, Paint(litres=1e-9).litres) == (1, 1e-9)


@dataclass(frozen=True, kw_only=True)
class Fence:
    metres: int = option(REQUIRED, "Length of the fence", low=1)
    coats: int = same_option(Paint, "coats", 1)
    tint: Colour | None = same_option(Paint, "colour", help="Colour of the fence")


def test_an_option_is_as_another_class_has_it():
    metres, coats, tint = options_of(Fence).values()
    assert coats.text == "Coats of paint [1; 1 to 4]." and tint.text == "Colour of the fence [as it is]."
    assert metres.is_required and metres.text == "Length of the fence [1 or more]."


def test_options_are_made_of_what_was_given_by_name():
    given = {"metres": "3", "coats": None, "tint": "red"}
    assert options_given(Fence, given) == Fence(metres=3, tint=Colour.RED)
    assert options_given(Paint, {"tint": "red"}).colour is Colour.RED
    with pytest.raises(InputError, match="--metres is missing: Length of the fence"):
        options_given(Fence, {"coats": 2})
    with pytest.raises(InputError, match="option 'metre' is unknown: did you mean 'metres'"):
        options_given(Fence, {"metre": 2})
    with pytest.raises(InputError, match="--coats must be an integer from 1 to 4, not 'x'"):
        options_given(Fence, {"metres": 3, "coats": "x"})


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("coats", "3", 3),
        ("coats", 3, 3),
        ("tint", "dark-blue", Colour.DARK_BLUE),
        ("ratio", "1e-3", 1e-3),
        ("ratio", 2, 2.0),
        ("glossy", "True", True),
        ("glossy", False, False),
        ("maker", "me", "me"),
        ("brush", "a/b", Path("a/b")),
        ("brush", Path("a"), Path("a")),
        ("layers", ["a", "b"], ("a", "b")),
        ("layers", "a", ("a",)),
    ],
)
def test_values_are_read_as_the_option_has_them(name, given, value):
    read = PAINT[name].parse(given, "it")
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("coats", "many", "must be an integer from 1 to 4, not 'many'"),
        ("coats", "1.5", "must be an integer from 1 to 4, not '1.5'"),
        ("coats", 1.5, "must be an integer from 1 to 4, not 1.5"),
        ("coats", True, "must be an integer from 1 to 4, not True"),
        ("hidden", [], r"must be an integer, not \[\]"),
        ("tint", "green", "must be red or dark-blue, not 'green'"),
        ("tint", 3, "must be red or dark-blue, not 3"),
        ("ratio", "thin", "must be a number, not 'thin'"),
        ("ratio", False, "must be a number, not False"),
        ("glossy", "yes", "must be true or false, not 'yes'"),
        ("glossy", 1, "must be true or false, not 1"),
        ("maker", 3, "must be text, not 3"),
        ("brush", 3, "must be a path, not 3"),
        ("layers", ["a", 3], "must be text, not 3"),
    ],
)
def test_other_values_are_refused(name, given, why):
    with pytest.raises(InputError, match=f"it {why}"):
        PAINT[name].parse(given, "it")


def test_the_nearest_name_is_told():
    require_known("option", "coats", PAINT)
    with pytest.raises(InputError, match="option 'coat' is unknown: did you mean 'coats'"):
        require_known("option", "coat", PAINT)
    with pytest.raises(InputError, match="layer 'xyz' is unknown: there are a, b"):
        require_known("layer", "xyz", ["a", "b"])


def test_a_command_has_the_options_of_a_class():
    made, runner = [], CliRunner()
    one = typer.Typer()

    @one.command()
    @takes_options
    def command(wall: str, *, paint: Paint):
        made.append((wall, paint))

    assert runner.invoke(one, ["a", "--tint", "red", "--glossy", "--coats", "3"]).exit_code == 0
    assert runner.invoke(one, ["b", "--layers", "x", "--layers", "y", "--brush", "z"]).exit_code == 0
    assert runner.invoke(one, ["c"]).exit_code == 0
    given = [Paint(coats=3, colour=Colour.RED, glossy=True), Paint(layers=("x", "y"), brush=Path("z")), Paint()]
    assert made == list(zip("abc", given, strict=True))
    assert "--hidden" not in runner.invoke(one, ["--help"]).output
    assert isinstance(runner.invoke(one, ["a", "--coats", "9"]).exception, InputError)


def test_a_command_asks_for_what_must_be_given():
    made, runner = [], CliRunner()
    one = typer.Typer()

    @one.command()
    @takes_options
    def command(*, fence: Annotated[Fence, without("tint")]):
        made.append(fence)

    assert runner.invoke(one, ["--metres", "3"]).exit_code == 0
    assert made == [Fence(metres=3)]
    assert "Missing option '--metres'" in runner.invoke(one, []).output
    assert "--tint" not in runner.invoke(one, ["--help"]).output


def test_no_option_is_described_twice():
    described = [name for cls in CLASSES for name, each in options_of(cls).items() if each.help]
    assert len(described) == len(set(described))
    assert set(described) - set(OPTIONS) == {"threshold", "threshold_factor", "scale"}, "only layers have them"
    assert all(each.help[-1] not in ".]" for each in OPTIONS.values())


@pytest.mark.parametrize("command", ["evaluate", "generate network", "run", "compare", "energy gates"])
def test_commands_about_networks_have_all_of_them(command):
    said = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"}).output
    words = {word for line in said.splitlines() for word in line.split()}
    missing = {each.flag for each in OPTIONS.values() if not each.layers_only} - words
    assert not missing


@pytest.mark.parametrize(
    ("command", "classes"),
    [
        ("generate systolic", [SystolicOptions]),
        ("generate spiking", [LayerOptions, NeuronOptions]),
        ("generate network", [DataOptions]),
        ("verify", [VerifyOptions]),
        ("evaluate", [EvaluateOptions, SampleOptions]),
        ("bench gemm", [ArrayOptions, GemmBench]),
        ("bench spikes", [SpikesBench]),
        ("synth", [SynthOptions, CacheOptions]),
        ("build", [BuildOptions, CacheOptions]),
        ("run", [LineOptions, SampleOptions]),
        ("train", [TrainOptions]),
        ("cache prune", [PruneOptions]),
        ("convert", [ConvertOptions, CurveOptions]),
        ("compare", [Overrides, StudyOptions, SynthOptions, CacheOptions, GateStudyOptions]),
        ("sweep", [Axes, WorkerOptions, CacheOptions]),
        ("energy break-even", [BreakEvenAxes, BreakEvenGates, WorkerOptions, CacheOptions]),
        ("energy gates", [GateData, NetworkGateOptions, CacheOptions]),
        ("energy cells", [BlockOptions, CacheOptions]),
    ],
)
def test_commands_have_the_options_of_their_classes(command, classes):
    said = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"}).output
    words = {word for line in said.splitlines() for word in line.split()}
    known = [(cls.options() if issubclass(cls, Axes) else options_of(cls)).values() for cls in classes]
    missing = {each.flag for options in known for each in options if each.help} - words
    assert not missing


def test_a_core_is_made_of_its_options():
    neuron = NeuronOptions(
        neuron=NeuronKind("cubalif"), threshold=9, synapse_shift=2, noise_bits=3, noise_seed=5
    ).params
    assert (neuron.threshold, neuron.synapse.shift, neuron.noise.seed) == (9, 2, 5)
    layer = LayerOptions(inputs=4, neurons=20, engine=SpikingEngine.REGISTER, recurrent=True)
    params = layer.accelerator(neuron)
    assert isinstance(params.engines[0], RegisterParams)
    assert (params.engines[0].readout, params.host_output) == (Readout.SPIKES, HostOutput.TOKENS)
    summed = LayerOptions(neurons=20).accelerator(NeuronOptions(neuron=NeuronKind.LI).params)
    assert (summed.engines[0].lanes, summed.engines[0].readout) == (8, Readout.MEMBRANE)
    assert summed.host_output is HostOutput.DENSE
    with pytest.raises(InputError, match="--taps '1,x' is not a list of numbers, for example 1,-2,3"):
        _ = NeuronOptions(neuron=NeuronKind.SLIDING, taps="1,x").params
    with pytest.raises(InputError, match="synapse-decay must be an integer from 0 to 4096, not 5000"):
        _ = NeuronOptions(neuron=NeuronKind.CUBA_LIF, synapse_decay=5000).params


def test_an_array_is_made_of_its_options():
    array = SystolicOptions(cols=4, act_sign=ActSign.UNSIGNED, weight_bits=3).array
    assert (array.rows, array.cols, array.act.signed, array.weight_bits) == (8, 4, False, 3)
    with pytest.raises(InputError, match="--fit chooses the array: leave --rows"):
        SystolicOptions(rows=4, fit="ecp5-85k")
    with pytest.raises(InputError, match="a bare array has no memories: leave --fit and --weights out"):
        _ = SystolicOptions(weights=WeightSource.STREAM).bare_array
    engine, fitted = SystolicOptions(fit="ecp5-85k", gemm="4,8,9").engine
    assert fitted is not None and fitted.params == engine and engine.writable
    assert engine.layers == (DenseLayer(rows=4, outputs=8, inputs=9),)
    for wrong in ("4,8", "4x8x9", "4,8,-9", ""):
        with pytest.raises(InputError, match=r"--gemm must be M,N,K, for example 64,64,64, not"):
            _ = SystolicOptions(gemm=wrong).layer


def test_model_options_go_to_the_classes_that_have_them():
    options = ModelOptions(weight_bits=4, lanes=2, state_bits=None, engine=Engine.DELTA, delta_threshold=3)
    assert options.given == {"weight_bits": 4, "lanes": 2, "engine": Engine.DELTA, "delta_threshold": 3}
    assert options.quantize == QuantizeOptions(weight_bits=4)
    assert options.plan == PlanOptions(lanes=2, engine=Engine.DELTA, delta_threshold=3)
    assert (options.weight_bits, options.steps) == (4, None)
    assert options.but(lanes=None, steps=3) == ModelOptions(
        weight_bits=4, engine=Engine.DELTA, delta_threshold=3, steps=3
    )
    with pytest.raises(InputError, match="option 'weigth_bits' is unknown: did you mean 'weight_bits'"):
        ModelOptions(weigth_bits=4)
    with pytest.raises(AttributeError, match="no option 'nonsense'"):
        _ = options.nonsense


@pytest.mark.parametrize(
    ("cls", "given", "why"),
    [
        (NirOptions, {"steps": 0}, "steps must be an integer from 1 to 4096, not 0"),
        (NirOptions, {"seed": 0}, "encoding-seed must be an integer from 1"),
        (NirOptions, {"input_bits": 9}, "input-bits must be an integer from 1 to 8"),
        (QuantizeOptions, {"state_bits": 33}, "state-bits must be an integer from 4 to 32"),
        (PlanOptions, {"event_bin": 0}, "event-bin must be an integer from 1"),
        (ConvertOptions, {"steps": 5000}, "steps must be an integer from 1 to 4096"),
        (NeuronOptions, {"synapse_shift": 16}, "synapse-shift must be an integer from 1 to 15, not 16"),
    ],
)
def test_option_classes_check_themselves(cls, given, why):
    with pytest.raises(InputError, match=why):
        cls(**given)


def test_an_ann_refuses_options_of_spiking_networks_by_their_names(tmp_path):
    with pytest.raises(InputError, match="--encoding-seed is for spiking networks"):
        ModelOptions(encoding_seed=3).nir(tmp_path / "a.onnx")
    assert ModelOptions(steps=3).nir(tmp_path / "a.onnx", spikes=True) is None


def test_a_wrong_value_is_refused_in_one_line():
    said = subprocess.run(
        [sys.executable, "-m", "tospike", "evaluate", "m.onnx", "--weight-bits", "17"], capture_output=True, text=True
    )
    assert said.returncode == 2 and len(said.stderr.splitlines()) == 1
