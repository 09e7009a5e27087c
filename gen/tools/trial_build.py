"""Small builds that show whether the tools work, not only whether they are installed."""

from collections.abc import Callable, Mapping
from pathlib import Path

import find_libpython

from tospike.gen.files.plain_path import plain_folder
from tospike.gen.tools.children import temporary_folder
from tospike.gen.tools.programs import find
from tospike.gen.tools.tool import Tool, ToolError

_ADDER = """\
module adder(input [7:0] a, input [7:0] b, output [8:0] y);
  assign y = a + b;
endmodule
"""
_BENCH = """\
module bench;
  wire [8:0] y;
  adder dut(.a(8'd200), .b(8'd100), .y(y));
  initial $finish;
  final $display("sum %0d", y);
endmodule
"""


def simulate(folder: Path) -> None:
    """Build a bench with Verilator in the same way as a design's, and run it.

    Raises
    ------
    ToolError
        A tool is missing, the bench does not build, or it gives a wrong sum.
    """
    verilator = find("verilator")
    find("g++"), find("make"), find("perl")
    (folder / "bench.v").write_text(_ADDER + _BENCH)
    args = ("--binary", "--no-timing", "-Wno-fatal", "-Mdir", "obj", "--top-module", "bench", "-o", "bench", "bench.v")
    verilator.run(args, cwd=folder, log=folder / "log", makes=("obj/bench",))
    command = (str(folder / "obj" / "bench"),)
    bench = Tool(name="the simulated adder", version="", source="built", release="", command=command)
    output = bench.run((), cwd=folder, log=folder / "log")
    if "sum 300" not in output:
        raise ToolError(f"the simulated adder gives a wrong sum: {output.strip()}")


def synthesise(folder: Path) -> None:
    """Map the adder to an FPGA with Yosys.

    Raises
    ------
    ToolError
        Yosys is missing, fails, or writes no netlist.
    """
    (folder / "adder.v").write_text(_ADDER)
    script = "read_verilog adder.v; synth_ecp5 -abc9 -top adder; write_json adder.json"
    find("yosys").run(("-q", "-p", script), cwd=folder, log=folder / "log", makes=("adder.json",))


def load_python(folder: Path) -> None:
    """Find Python's shared library, which cocotb loads into the simulator.

    Raises
    ------
    ToolError
        There is none.
    """
    if find_libpython.find_libpython() is None:
        raise ToolError("Python's shared library was not found: apt-get install libpython3-dev")


TRIALS: Mapping[str, Callable[[Path], None]] = {
    "simulate with Verilator": simulate,
    "synthesise with Yosys": synthesise,
    "run cocotb's benches (verify, test)": load_python,
}
"""The trials by their descriptions."""


def attempt(name: str) -> str:
    """Run trial ``name`` of `TRIALS`; return its problem, empty if it worked."""
    with temporary_folder(plain_folder()) as folder:
        try:
            TRIALS[name](folder)
        except ToolError as error:
            return str(error).split(" (log: ")[0]
    return ""
