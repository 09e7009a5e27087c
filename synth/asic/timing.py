"""The clock period of a netlist of cells, by OpenSTA."""

import re
from pathlib import Path

from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.tool import Progress, Tool, ToolError, error_summary
from tospike.synth.asic.gates import Mapped

ASKED = 10.0
"""Clock period in ns for which OpenSTA reports slacks; it affects nothing else."""

_SCRIPT = """\
read_liberty cells.lib
read_verilog logic.v
link_design {top}
create_clock -name clock -period {period} [get_ports {clock}]
report_checks -path_delay max -digits 4
exit
"""


def clock_period(mapped: Mapped, sta: Tool, cache: Cache, progress: Progress | None = None) -> float:
    """Return the shortest period in ns from flip-flop to flip-flop, with an ideal clock and without wires.

    Excludes paths that begin or end at a memory or a port, whose other half is unknown.

    Raises
    ------
    ToolError
        OpenSTA fails, or finds no path.
    """
    script = _SCRIPT.format(top=mapped.top, clock=mapped.clock, period=ASKED)
    log = "timing.log"

    def make(folder: Path) -> None:
        if progress:
            progress(f"OpenSTA: timing of {mapped.top}")
        (folder / "cells.lib").write_bytes(mapped.liberty)
        (folder / "logic.v").write_bytes(mapped.verilog)
        (folder / "timing.tcl").write_text(script)
        output = sta.run(("-no_splash", "-exit", "timing.tcl"), cwd=folder, log=folder / log)
        if _slack(output) is None:
            raise ToolError(
                f"OpenSTA {sta.version} found no path from flip-flop to flip-flop in {mapped.top}: "
                f"{error_summary(output)}"
            )
        for name in ("cells.lib", "logic.v"):
            (folder / name).unlink()

    key = digest({"library": mapped.liberty, "netlist": mapped.verilog, "script": script, "tool": sta.release})
    slack = _slack((cache.build("timing", key, make) / log).read_text())
    assert slack is not None
    return ASKED - slack


def _slack(report: str) -> float | None:
    match = re.search(r"(-?[\d.]+)\s+slack", report)
    return float(match[1]) if match else None
