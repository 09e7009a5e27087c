"""The command line as a user types it: what it makes, and the one line that bad input gets."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from onnx import helper
from support.command_line import refused, tospike, write_onnx
from support.paths import EXAMPLES, ROOT


def dense_onnx(path, weight, inputs=64):
    write_onnx(path, [helper.make_node("MatMul", ["x", "w"], ["y"], name="fc")], {"w": weight}, inputs, weight.shape[1])


def test_the_array_that_fits_and_streamed_weights(tmp_path):
    """Both are told before anything is built, and stand in the manifest."""
    model = EXAMPLES / "digits_ann.onnx"
    fitted = tospike("generate", "network", model, "--fit", "ice40-up5k", "--out", "fitted", cwd=tmp_path)
    assert fitted.returncode == 0, fitted.stderr
    assert "fit: 1 x " in fitted.stdout and "(predicted)" in fitted.stdout
    chosen = json.loads((tmp_path / "fitted" / "manifest.json").read_text())["choices"]
    assert chosen["fit"]["area"]["dsp"] <= 8 and chosen["hardware"]["cols"] > 1
    options = ["--weights", "stream", "--cols", "10", "--out", "streamed"]
    streamed = tospike("generate", "network", model, *options, cwd=tmp_path)
    assert "weights are streamed: 864 beats per frame, 455 cycles more than from memory" in streamed.stdout
    manifest = json.loads((tmp_path / "streamed" / "manifest.json").read_text())
    cost = manifest["choices"]["weight_stream"]
    assert (cost["beats"], cost["cycles_lost"]) == (864, 455) and cost["order"] in " ".join(
        (tmp_path / "streamed" / "README.md").read_text().split()
    )
    assert len((tmp_path / "streamed" / "weight_stream.hex").read_text().splitlines()) == 864
    assert "s_axis_weights_tdata" in {port["name"] for port in manifest["ports"]}


def test_more_rtl_samples_than_there_are_are_refused_before_any_work(tmp_path):
    few = tospike("compare", "digits", "--rtl-samples", 0, "--out", "out", cwd=tmp_path)
    refused(few, "rtl-samples must be an integer of at least 1, not 0")
    many = tospike("compare", "digits", "--rtl-samples", 450, "--out", "out", cwd=tmp_path)
    refused(many, "samples must be from 1 to 449 (the test samples of digits), not 450")
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_go_together_is_refused(tmp_path):
    refused(tospike("generate", "systolic", "--fit", "ecp5-85k", "--rows", 2, "--out", "d", cwd=tmp_path), "--rows")
    refused(tospike("generate", "systolic", "--fit", "up5k", "--out", "d", cwd=tmp_path), "'up5k'", "ice40-up5k")
    refused(
        tospike("generate", "systolic", "--weights", "stream", "--array-only", "--out", "d", cwd=tmp_path),
        "bare array has no memories",
    )
    refused(
        tospike("generate", "systolic", "--weight-bits", 8, "--products-per-multiplier", 2, "--out", "d", cwd=tmp_path),
        "products-per-multiplier cannot be 2",
        "fewer weight-bits",
    )
    assert not (tmp_path / "d").exists()


def test_no_table_cuts_what_is_too_long_for_the_terminal(tmp_path):
    """A cut source or name cannot be looked up; rich cuts unless it is told to fold."""
    shown = tospike("energy", "models", cwd=tmp_path, env={"COLUMNS": "80"})
    assert shown.returncode == 0, shown.stderr
    assert "10.1109/JETCAS" in shown.stdout and "…" not in shown.stdout
    elsewhere = [path for path in (ROOT / "cli").rglob("*.py") if "from rich.table" in path.read_text()]
    assert elsewhere == [ROOT / "cli" / "console.py"]


def test_help_has_an_example(tmp_path):
    for command in ("verify", "evaluate", "synth", "compare", "generate network", "generate systolic", "bench gemm"):
        result = tospike(*command.split(), "--help", cwd=tmp_path)
        assert result.returncode == 0, command
        assert "Example:" in result.stdout, command


def test_generate_same_input_same_bytes(tmp_path):
    for number, seed in enumerate(("1", "2")):
        result = tospike(
            "generate",
            "network",
            EXAMPLES / "digits_snn.nir",
            "--out",
            f"d{number}",
            cwd=tmp_path,
            env={"PYTHONHASHSEED": seed},
        )
        assert result.returncode == 0, result.stderr
    first, second = (
        {p.relative_to(tmp_path / name).as_posix(): p.read_bytes() for p in (tmp_path / name).rglob("*") if p.is_file()}
        for name in ("d0", "d1")
    )
    assert first == second
    manifest = json.loads(first["manifest.json"])
    assert set(manifest["files"]) == set(first) - {"manifest.json"}
    assert manifest["choices"]["nir"]["reset"] == "subtract"
    assert manifest["choices"]["nir"]["dt"] == pytest.approx(1e-4)
    assert any(name.endswith(".hex") for name in first)


def test_evaluate_golden_json(tmp_path):
    result = tospike("evaluate", EXAMPLES / "digits_ann.onnx", "--samples", 50, "--json", "r.json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["samples"] == 50
    assert report["backend"] == "golden"
    assert report["accuracy"] >= 0.9
    assert set(report["cycles"]) == {"mean", "p5", "p50", "p95"}
    assert report["operations"]["mac"] == 64 * 32 + 32 * 10
    assert report["saturations"] == 0


@pytest.mark.parametrize("suffix", [".nir", ".onnx"])
def test_a_text_file_is_no_network(tmp_path, suffix):
    path = tmp_path / f"net{suffix}"
    path.write_text("hello\n")
    refused(tospike("evaluate", path, cwd=tmp_path), f"net{suffix}")
    refused(tospike("generate", "network", path, "--out", "d", cwd=tmp_path), f"net{suffix}")
    assert {p.name for p in tmp_path.iterdir()} == {path.name}


def test_unsupported_node_is_named(tmp_path):
    nodes = [
        helper.make_node("LRN", ["x"], ["h"], name="norm", size=3),
        helper.make_node("MatMul", ["h", "w"], ["y"], name="fc"),
    ]
    write_onnx(tmp_path / "net.onnx", nodes, {"w": np.ones((64, 10), dtype=np.float32)})
    refused(tospike("evaluate", "net.onnx", cwd=tmp_path), "norm", "LRN")


def test_shapes_that_do_not_fit(tmp_path):
    dense_onnx(tmp_path / "net.onnx", np.ones((63, 10), dtype=np.float32), inputs=63)
    refused(tospike("evaluate", "net.onnx", cwd=tmp_path), "63", "64")


def test_a_network_that_no_engine_runs_has_an_accuracy_in_floating_point_only(tmp_path):
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["image"], name="image"),
        helper.make_node("Conv", ["image", "k"], ["maps"], name="conv", strides=[4, 4]),
        helper.make_node("Relu", ["maps"], ["active"], name="relu"),
        helper.make_node("Flatten", ["active"], ["flat"], name="flat"),
        helper.make_node("MatMul", ["flat", "w"], ["y"], name="fc"),
    ]
    rng = np.random.default_rng(0)
    weights = {
        "shape": np.array([-1, 1, 8, 8]),
        "k": rng.normal(size=(3, 1, 4, 4)).astype(np.float32),
        "w": rng.normal(size=(12, 10)).astype(np.float32),
    }
    write_onnx(tmp_path / "net.onnx", nodes, weights)
    for backend in ("golden", "rtl"):
        result = tospike(
            "evaluate", "net.onnx", "--dataflow", "ws", "--backend", backend, "--json", "r.json", cwd=tmp_path
        )
        refused(result, "dataflow os", "--backend float alone needs no hardware")
        assert not (tmp_path / "r.json").exists() and not result.stdout
    result = tospike("evaluate", "net.onnx", "--dataflow", "ws", "--backend", "float", "--json", "r.json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert 0 <= report["accuracy"] <= 1
    assert "cycles" not in report and any("no better than guessing" in line for line in report["warnings"])
    refused(tospike("generate", "network", "net.onnx", "--dataflow", "ws", "--out", "d", cwd=tmp_path), "dataflow os")
    assert tospike("evaluate", "net.onnx", "--rows", "4", "--json", "r.json", cwd=tmp_path).returncode == 0
    assert json.loads((tmp_path / "r.json").read_text())["cycles"]["mean"] > 0
    refused(tospike("evaluate", "net.onnx", "--rows", "0", cwd=tmp_path), "rows", "0")


def test_weights_with_nan(tmp_path):
    weight = np.ones((64, 10), dtype=np.float32)
    weight[3, 4] = np.nan
    dense_onnx(tmp_path / "net.onnx", weight)
    refused(tospike("evaluate", "net.onnx", cwd=tmp_path), "NaN")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("generate", "systolic", "--rows", "0", "--out", "d"), ("rows", "0")),
        (("generate", "spiking", "--lanes", "65", "--out", "d"), ("lanes", "65")),
        (("generate", "systolic", "--gemm", "8x8", "--out", "d"), ("--gemm", "8x8")),
        (("bench", "gemm", "--dataflow", "xs"), ("dataflow", "xs")),
        (("evaluate", EXAMPLES / "digits_ann.onnx", "--data", "mnist:nowhere"), ("nowhere",)),
        (("evaluate", EXAMPLES / "digits_ann.onnx", "--data", "cifar"), ("cifar", "digits")),
        (("evaluate", EXAMPLES / "digits_ann.onnx", "--samples", "0"), ("samples", "0")),
        (("evaluate", EXAMPLES / "digits_ann.onnx", "--steps", "4"), ("--steps", "spiking")),
        (("evaluate", EXAMPLES / "digits_ann.onnx", "--json", "no/r.json"), ("no/r.json",)),
        (("evaluate", "missing.onnx"), ("missing.onnx",)),
        (("evaluate", "net.pt"), ("net.pt", ".onnx")),
        (("verify", "nowhere"), ("nowhere", "manifest.json")),
        (("synth", "nowhere"), ("nowhere", "manifest.json")),
        (("compare", "sunspots", "--out", "d"), ("sunspots", "digits")),
        (("compare", "mine", "--ann", "a.onnx", "--out", "d"), ("--snn",)),
        (("compare", "mine", "--ann", "a.onnx", "--snn", "s.nir", "--data", "digits", "--out", "d"), ("a.onnx",)),
        (("compare", "--event-bin", "5", "--out", "d/e"), ("--event-bin",)),
        (("sweep", "--steps", "0", "--out", "d"), ("steps", "0")),
        (("energy", "break-even", "--rows", "0", "--out", "d"), ("rows", "0")),
        (("no-such-command",), ("no-such-command",)),
        (("generate", "spiking", "--frobnicate", "--out", "d"), ("--frobnicate",)),
    ],
    ids=lambda value: " ".join(str(v) for v in value) if isinstance(value, tuple) else None,
)
def test_bad_input_gets_one_line(tmp_path, args, words):
    refused(tospike(*args, cwd=tmp_path), *words)
    assert not list(tmp_path.iterdir()), "something was left behind"


def test_a_wrong_choice_is_told_with_the_choices_and_the_command_s_help(tmp_path):
    result = tospike("synth", "d", "--router", "x", cwd=tmp_path)
    refused(result, "'--router'", "'x' is not one of 'router1', 'router2' (see tospike synth --help)")
    assert "Value error" not in result.stderr
    refused(tospike("build", "d", cwd=tmp_path), "Missing option '--board' (see tospike build --help)")


def test_no_compiler(tmp_path):
    """Without g++ the RTL cannot be simulated with Verilator, and the message says what to install."""
    empty = tmp_path / "bin"
    empty.mkdir()
    result = tospike(
        "bench",
        "gemm",
        "--rows",
        1,
        "--cols",
        1,
        "--gemm",
        "1,1,1",
        cwd=tmp_path,
        env={"PATH": str(empty), "TOSPIKE_CACHE": str(tmp_path / "cache")},
    )
    refused(result, "g++")


def test_a_folder_that_is_no_design_is_left_alone(tmp_path):
    precious = tmp_path / "home" / "thesis.tex"
    precious.parent.mkdir()
    precious.write_text("years of work")
    result = tospike("generate", "spiking", "--inputs", 4, "--neurons", 4, "--out", "home", cwd=tmp_path)
    refused(result, "home", "--out")
    assert precious.read_text() == "years of work"


def test_a_design_that_was_edited_is_noticed(tmp_path):
    assert tospike("generate", "spiking", "--inputs", 4, "--neurons", 4, "--out", "d", cwd=tmp_path).returncode == 0
    with (tmp_path / "d" / "generic" / "spiking.v").open("a") as file:
        file.write("// mine\n")
    refused(tospike("verify", "d", cwd=tmp_path), "spiking.v", "SHA-256")


@pytest.mark.parametrize(("given", "reached"), [(("--pair",), "RTL simulation"), ((), "search: 4 of")])
def test_an_interrupted_comparison_leaves_nothing_half_written(tmp_path, given, reached):
    command = [sys.executable, "-m", "tospike", "compare", "digits", "--out", "report", *given]
    environment = {**os.environ, "TOSPIKE_CACHE": str(tmp_path / "cache")}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where the tests run in background
    ) as process:
        for line in process.stderr:
            if reached in line:
                break
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=60) == 2
    assert rest.strip().splitlines()[-1] == "tospike: interrupted; nothing was left half-written"
    assert "Traceback" not in rest
    left = {path.name for path in (tmp_path / "report").glob("*")}
    assert left <= {"ann", "snn"}, "only whole designs"
    for kind in left:
        assert (tmp_path / "report" / kind / "manifest.json").is_file()


def test_help_shows_defaults_in_brackets(tmp_path):
    assert "[one per core; 1 or more]" in tospike("sweep", "--help", cwd=tmp_path).stdout
    assert "[direct]" in tospike("evaluate", "--help", cwd=tmp_path).stdout


def test_a_threshold_that_the_host_writes(tmp_path):
    """Its memory stands in the manifest, the header and the weights of the C driver; fixed weights refuse it."""
    model, factor = EXAMPLES / "digits_snn.nir", "lif.threshold-factor=0.5"
    fixed = tospike("generate", "network", model, "--layer", factor, "--out", "d", cwd=tmp_path)
    refused(fixed, "layer 'lif' has a threshold-factor", "give --writable")
    made = tospike("generate", "network", model, "--writable", "--layer", factor, "--out", "d", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    manifest = json.loads((tmp_path / "d" / "manifest.json").read_text())
    assert manifest["choices"]["quantize"]["options"]["layers"] == {"lif": {"threshold_factor": 0.5}}
    (region,) = (each for each in manifest["config_regions"] if each["memory"] == "threshold")
    header = "".join(path.read_text() for path in (tmp_path / "d" / "driver").glob("*.h"))
    assert f"DIGITS_SNN_REGION_1_THRESHOLD_MEMORY {{{region['region']}u, {region['width']}u, 1u}}" in header
    assert "DIGITS_SNN_REGION_1_THRESHOLD[] = {" in header
