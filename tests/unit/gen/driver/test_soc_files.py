"""What puts a design into a SoC: wrappers that tools accept and that work, the IP-XACT component, the LiteX module."""

import importlib.util
import os
import re
import subprocess
import sys
from xml.etree import ElementTree as Xml

import pytest
from cocotb_tools.runner import get_runner
from support.designs import make
from support.paths import TESTS

from tospike.gen.driver.ipxact import COMPONENT, SPIRIT
from tospike.gen.driver.soc import LITEX
from tospike.gen.driver.wrappers import AXI, FRONTS
from tospike.gen.emit.folder import read
from tospike.gen.tools import programs as tools
from tospike.tb.verify import environment, read_results

NAME = {"s": SPIRIT}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return read(make(tmp_path_factory.mktemp("soc") / "d", "os"))


def declared(folder, suffix):
    """The ports of a wrapper: direction and width by name."""
    top = f"{folder.params.name}_{suffix}"
    text = (folder.path / "wrappers" / f"{top}.v").read_text()
    [module] = re.findall(rf"^module {top} \((.*?)^\);", text, re.MULTILINE | re.DOTALL)
    ports = re.findall(r"^ +(input|output) (?:\[(\d+):0\] )?(\w+),?$", module, re.MULTILINE)
    return {name: (direction, int(high or 0) + 1) for direction, high, name in ports}


@pytest.mark.parametrize("suffix", [AXI, *FRONTS])
def test_verilator_has_nothing_to_say_of_the_wrappers(folder, suffix):
    verilator = tools.find("verilator")
    top = f"{folder.params.name}_{suffix}"
    files = [folder.verilog, *folder.models, folder.path / "wrappers" / f"{top}.v"]
    command = [*verilator.command, "--lint-only", "-Wall", "--top-module", top, "lint.vlt", *map(str, files)]
    environ = {**os.environ, **verilator.environment}
    run = subprocess.run(command, cwd=folder.path, env=environ, capture_output=True, text=True, check=False)
    said = [line for line in run.stderr.splitlines() if line.startswith("%") and "wrappers" in line]
    assert [
        line for line in said if re.match(r"%(Error|Warning-(PIN|WIDTH|IMPLICIT|MULTIDRIVEN|UNDRIVEN))", line)
    ] == []
    assert "%Error-" not in run.stderr


def test_names_and_polarity_are_those_that_vendors_tools_infer(folder):
    ports = declared(folder, AXI)
    assert ports["aclk"] == ports["aresetn"] == ("input", 1) and ports["irq"] == ("output", 1)
    others = {
        p["name"]: (p["direction"], p["width"]) for p in folder.manifest["ports"] if p["name"] not in ("clk", "rst")
    }
    assert {name: port for name, port in ports.items() if name not in ("aclk", "aresetn")} == others
    text = (folder.path / "wrappers" / "ann_axi.v").read_text()
    assert "ASSOCIATED_BUSIF s_axis:m_axis:s_axi, ASSOCIATED_RESET aresetn" in text and ".rst(~aresetn)" in text


def test_the_component_has_the_wrappers_ports_and_files(folder):
    root = Xml.parse(folder.path / COMPONENT).getroot()
    ports = {}
    for port in root.iterfind("s:model/s:ports/s:port", NAME):
        left = port.findtext("s:wire/s:vector/s:left", "0", NAME)
        direction = {"in": "input", "out": "output"}[port.findtext("s:wire/s:direction", None, NAME)]
        ports[port.findtext("s:name", None, NAME)] = (direction, int(left) + 1)
    assert ports == declared(folder, AXI)
    mapped = [e.text for e in root.iterfind(".//s:physicalPort/s:name", NAME)]
    assert sorted(mapped) == sorted(ports), "each port belongs to one interface"
    roles = {
        bus.findtext("s:name", None, NAME): [
            tag for tag in ("master", "slave") if bus.find(f"s:{tag}", NAME) is not None
        ]
        for bus in root.iterfind("s:busInterfaces/s:busInterface", NAME)
    }
    assert roles == {name: ["slave"] for name in ("s_axi", "s_axis", "aclk", "aresetn")} | {
        name: ["master"] for name in ("m_axis", "irq")
    }
    parameters = {
        (bus.findtext("s:name", None, NAME), each.findtext("s:name", None, NAME)): each.findtext("s:value", None, NAME)
        for bus in root.iterfind("s:busInterfaces/s:busInterface", NAME)
        for each in bus.iterfind("s:parameters/s:parameter", NAME)
    }
    assert parameters.pop(("aclk", "ASSOCIATED_BUSIF")).split(":") == [bus for bus in roles if bus[:2] in ("s_", "m_")]
    assert parameters == {
        ("aclk", "ASSOCIATED_RESET"): "aresetn",
        ("aresetn", "POLARITY"): "ACTIVE_LOW",
        ("irq", "SENSITIVITY"): "LEVEL_HIGH",
    }
    files = [e.text for e in root.iterfind("s:fileSets/s:fileSet/s:file/s:name", NAME)]
    assert files and all((folder.path / COMPONENT).parent.joinpath(name).resolve().is_file() for name in files)
    registers = [int(e.text, 0) for e in root.iterfind(".//s:register/s:addressOffset", NAME)]
    assert registers == [register["offset"] for register in folder.manifest["register_map"]]


def test_wide_streams_have_the_axi_wrapper_alone(tmp_path):
    made = read(make(tmp_path / "d", "os-streamed"))
    assert [path.name for path in (made.path / "wrappers").glob("*.v")] == ["ann_axi.v"]
    assert "s_axis_weights" in (made.path / COMPONENT).read_text() and not (made.path / LITEX).exists()


@pytest.mark.parametrize(("suffix", "tests"), [("wishbone", 2), pytest.param(AXI, 1, marks=pytest.mark.slow)])
def test_samples_through_a_wrapper_in_cocotb(suffix, tests, folder, tmp_path):
    folder.load().write_memories(tmp_path)
    top = f"{folder.params.name}_{suffix}"
    with environment(tools.find("verilator")):
        runner = get_runner("verilator")
        runner.build(
            sources=[folder.verilog, *folder.models, folder.path / "wrappers" / f"{top}.v"],
            hdl_toplevel=top,
            build_dir=tmp_path / "build",
            build_args=["-Wno-fatal", "-Wno-lint", "-Wno-style"],
            timescale=("1ns", "1ps"),
            log_file=tmp_path / "build.log",
        )
        runner.test(
            test_module=f"support.bench_{suffix}",
            hdl_toplevel=top,
            hdl_toplevel_lang="verilog",
            build_dir=tmp_path / "build",
            test_dir=tmp_path,
            results_xml=str(tmp_path / "results.xml"),
            log_file=tmp_path / "test.log",
            timescale=("1ns", "1ps"),
            extra_env={
                "TOSPIKE_DESIGN": str(folder.path),
                "PYTHONPATH": os.pathsep.join((str(TESTS), os.environ.get("PYTHONPATH", ""))),
            },
        )
    results = list(read_results(tmp_path / "results.xml"))
    assert len(results) == tests
    assert [result.message for result in results if not result.passed or result.skipped] == []


ELABORATE = """
import sys
sys.path.insert(0, sys.argv[1])
from migen import ClockDomain, Module
from migen.fhdl.verilog import convert
from tospike_core import TospikeCore

class Platform:
    sources = []
    def add_source(self, path):
        open(path).close()
        self.sources.append(path)

core = TospikeCore(Platform())
core.clock_domains.sys = ClockDomain("sys")
pins = {core.ev.irq, *core.bus.flatten()}
text = str(convert(core, ios=pins))
assert "ann_wishbone" in text and len(Platform.sources) == 2, text
print("made")
"""


def test_the_litex_module_elaborates(folder):
    """In an environment with LiteX: this one, or that of TOSPIKE_LITEX_PYTHON."""
    python = os.environ.get("TOSPIKE_LITEX_PYTHON", sys.executable)
    if python == sys.executable and importlib.util.find_spec("litex") is None:
        pytest.skip("litex is not installed; TOSPIKE_LITEX_PYTHON may name a Python that has it")
    command = [python, "-c", ELABORATE, str(folder.path / "wrappers")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0 and "made" in ran.stdout, ran.stderr


def test_the_litex_module_is_python(folder):
    compile((folder.path / LITEX).read_text(), LITEX, "exec")
