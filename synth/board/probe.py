"""Ask nextpnr, with a design of a few cells, whether a board's pins exist and what feeds its PLL.

The answer is in the tool's database of the chip alone: which package has which pins, which of them is beside a PLL, and
whether the package has a PLL at all.
"""

from pathlib import Path

from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.programs import find
from tospike.gen.tools.tool import Progress, ToolError
from tospike.synth import yosys
from tospike.synth.board.boards import Board
from tospike.synth.board.clock import Clock, clocks_from
from tospike.synth.board.pll import CORE_CLOCK, LOCKED, PLLS, PllInput
from tospike.synth.fpga import nextpnr

_TOP = "probe"
_ANSWER = "answer.txt"
_PINS = "pins.txt"
_NETLIST = "netlist.json"


def pll_input(board: Board, *, cache: Cache, progress: Progress | None = None) -> PllInput | None:
    """Return where a board's PLL takes the oscillator's clock from; ``None`` if it cannot."""
    for taken in PLLS[board.part.family.name].inputs:
        clocks = [clock for clock in clocks_from(board.part.family, board.clock_mhz, taken) if clock.pll]
        if clocks and not complaint(board, clocks[len(clocks) // 2], cache=cache, progress=progress):
            return taken
    return None


def complaint(board: Board, clock: Clock, *, cache: Cache, progress: Progress | None = None) -> str:
    """Return what nextpnr says against a board's pins with this clock; empty if nothing."""
    text = board.packer.write(board.pins(), board.clock_mhz)
    tools = board.target.tools
    mapper, router = find("yosys"), find(tools.nextpnr)
    script = [
        "read_verilog -sv probe.v",
        f"{tools.synthesis(board.part, own_cells=False)} -top {_TOP}",
        f"write_json {_NETLIST}",
    ]

    def make(folder: Path) -> None:
        if progress:
            progress("checking pins and PLL")
        (folder / "probe.v").write_text(_probe(board, clock))
        (folder / _PINS).write_text(text)
        yosys.run_script(mapper, script, folder=folder, makes=(_NETLIST,), progress=progress)
        answer = ""
        try:
            nextpnr.place_and_route(
                router,
                (*board.device, board.packer.constraints, _PINS),
                netlist=_NETLIST,
                seed=1,
                frequency=max(1, round(clock.mhz)),
                folder=folder,
                progress=progress,
            )
        except ToolError:
            log = (folder / nextpnr.LOG).read_text()
            answer = log.partition("ERROR: ")[2].partition("\n")[0]  # the first; later ones follow from it
            if not answer:  # it did not run, which says nothing about the board
                raise
        (folder / _ANSWER).write_text(f"{answer}\n")

    key = digest(
        {
            "verilog": _probe(board, clock),
            "pins": text,
            "device": repr(board.device),
            "script": "\n".join(script),
            "yosys": mapper.release,
            "nextpnr": router.release,
        }
    )
    return (cache.build("probe", key, make) / _ANSWER).read_text().strip()


def _probe(board: Board, clock: Clock) -> str:
    ports = [
        f"{'output' if pin.port == 'tx' or pin.port.startswith('led') else 'input'} {pin.port}" for pin in board.pins()
    ]
    outputs = [port.removeprefix("output ") for port in ports if port.startswith("output ")]
    inputs = [port.removeprefix("input ") for port in ports if port.startswith("input ") and port != "input clk"]
    return "\n".join(
        [
            f"module {_TOP}({', '.join(ports)});",
            f"  wire {CORE_CLOCK}, {LOCKED};",
            clock.verilog() if clock.pll else f"  assign {CORE_CLOCK} = clk, {LOCKED} = 1;",
            "  reg [3:0] count = 0;",
            f"  always @(posedge {CORE_CLOCK}) count <= count + {{{', '.join([*inputs, LOCKED])}}};",
            *(f"  assign {name} = count[3];" for name in outputs),
            "endmodule",
            "",
        ]
    )
