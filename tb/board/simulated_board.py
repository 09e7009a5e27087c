"""A board in Verilator: the generated Verilog behind the bridge of a serial line, at the other end of a pipe."""

import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.primitives import cell_models, technology_of
from tospike.gen.emit.verilog import CLOCK, RESET, Port, Verilog, convert
from tospike.gen.tools import programs as tools
from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.children import temporary_folder
from tospike.hw.host.bridge import AxiBridge
from tospike.hw.host.ports import INTERRUPT
from tospike.hw.params import WORD_BITS, InputError, require
from tospike.sim.design import Design

SIMULATED = "sim"
"""The name of a port whose board is simulated."""
TOP = "tospike_simulated_board"
PROGRAM = f"obj/{TOP}"
_SOURCE = Path(__file__).with_suffix(".cpp")
_BRIDGE = "tospike_simulated_bridge"
_CYCLES_PER_BYTE = 10
_CLOCK = 1e6
"""Cycles that count as a second: the slowest clock of a board."""


class SimulatedBoard:
    """`tospike.tb.board.serial_host.Line`: a board that Verilator compiled. Time is counted in its cycles."""

    MOMENT = 200
    """Cycles to go on for, for each look at what came."""

    def __init__(self, program: Path, *, cwd: Path | None = None, clock: float = _CLOCK):
        self.seconds_per_byte = _CYCLES_PER_BYTE / clock
        self._clock = clock
        self._process = subprocess.Popen(
            [program], cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
        )
        self._sent, self._cycles, self._is_new = b"", 0, True

    def power_up(self) -> None:
        """Make the board forget everything, and lose what is on its way."""
        self._sent, self._is_new = b"", True

    def send(self, data: bytes, /) -> None:
        """Send all of ``data`` with the next `receive`."""
        self._sent += data

    def receive(self) -> bytes:
        """Return the bytes of the next moment.

        Raises
        ------
        InputError
            The simulator has ended.
        """
        ask, answer = self._process.stdin, self._process.stdout
        assert ask is not None and answer is not None
        try:
            ask.write(struct.pack("<3I", self.MOMENT, self._is_new, len(self._sent)) + self._sent)
            ask.flush()
            (size,) = struct.unpack("<I", answer.read(4))
        except (OSError, ValueError, struct.error):
            raise InputError("the simulated board was lost: its simulator has ended") from None
        self._sent, self._is_new, self._cycles = b"", False, self._cycles + self.MOMENT
        return answer.read(size)

    def time(self) -> float:
        """Return the seconds that the board has been running for."""
        return self._cycles / self._clock

    def close(self) -> None:
        """End the simulator."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        self._process.kill()
        self._process.wait()


@contextmanager
def simulated_board(design: Design, *, cache: Cache | None = None) -> Iterator[SimulatedBoard]:
    """Simulate a board with a design during this block.

    Raises
    ------
    InputError
        The design's streams are not those of a serial line, or Verilator or g++ is missing.
    """
    params = design.params
    require(
        params.input_beat_bits == params.output_beat_bits == WORD_BITS and params.weight_stream is None,
        f"{params.name} has streams wider than a serial line's, or streams its weights: generate it without "
        "--host-bits or --weights stream",
    )
    made, _, _ = build(params, pack(design))
    models = cell_models([technology_of(params)]).values()
    program = compiled("".join([made.text, *models, _shell(design)]), cache=cache)
    with temporary_folder() as work:
        made.write_memories(work)
        board = SimulatedBoard(program, cwd=work)
        try:
            yield board
        finally:
            board.close()


def compiled(text: str, *, cache: Cache | None = None) -> Path:
    """Return the program of a module `TOP` in Verilog with byte streams i and o; built if it is not cached.

    Raises
    ------
    InputError
        A tool is missing or fails.
    """
    verilator = tools.find("verilator")
    for needed in ("g++", "make", "perl"):
        tools.find(needed)
    options = ("--cc", "--exe", "--build", "-O3", "-Wno-fatal", "-Wno-lint", "-Wno-style", "-CFLAGS", "-O1")
    names = ("--top-module", TOP, "--prefix", "Vboard", "-Mdir", "obj", "-o", TOP, "board.v", _SOURCE.name)

    def make(folder: Path) -> None:
        (folder / "board.v").write_text(text)
        (folder / _SOURCE.name).write_bytes(_SOURCE.read_bytes())
        verilator.run((*options, *names), cwd=folder, log=folder / "build.log", makes=(PROGRAM,))

    inputs: Mapping[str, str | bytes] = {
        "board": text,
        "bench": _SOURCE.read_bytes(),
        "tool": verilator.release,
        "options": repr((options, names)),
    }
    return (cache or Cache()).build("simulated-board", digest(inputs), make) / PROGRAM


def _shell(design: Design) -> str:
    """Return Verilog of the bridge, and of a module that joins it to the design."""
    bridge, ports = _bridge()
    own = {CLOCK, RESET, "reset"}
    pins = "".join(f", .{end}_{pin}({end}__{pin})" for end in "io" for pin in ("valid", "payload", "ready"))
    joined = [port for port in ports if port.name not in own and not port.name.startswith(("i_", "o_"))]
    connections = "".join(f", .{port.name}({port.name})" for port in joined)
    unused = f", .{INTERRUPT}()" if design.params.interrupt else ""
    return "\n".join(
        [
            bridge.text,
            f"module {TOP}(input clk, input rst, input i__valid, input [7:0] i__payload, output i__ready,",
            "  output o__valid, output [7:0] o__payload, input o__ready);",
            "  wire reset;",
            *(f"  wire [{port.width - 1}:0] {port.name};" for port in joined),
            f"  {_BRIDGE} bridge (.clk(clk), .rst(rst), .reset(reset){pins}{connections});",
            f"  {design.params.name} accelerator (.{CLOCK}(clk), .{RESET}(rst | reset){unused}{connections});",
            "endmodule",
            "",
        ]
    )


@lru_cache(maxsize=1)
def _bridge() -> tuple[Verilog, list[Port]]:
    return convert(AxiBridge(), _BRIDGE)
