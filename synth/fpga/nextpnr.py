"""nextpnr: place and route, and read its report."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tospike.gen.tools.tool import Progress, Tool, ToolError
from tospike.synth.report import CriticalPath

LOG = "nextpnr.log"
REPORT = "timing.json"


@dataclass(frozen=True, kw_only=True)
class Route:
    """Timing and utilisation after routing."""

    fmax_mhz: float
    critical_path: CriticalPath
    placed: dict[str, tuple[int, int]]
    """(used, available) of each kind of cell in use."""


def place_and_route(
    tool: Tool,
    options: tuple[str, ...],
    *,
    netlist: str,
    seed: int,
    frequency: int,
    folder: Path,
    progress: Progress | None,
    makes: tuple[str, ...] = (),
) -> None:
    """Place and route ``netlist``, a path relative to ``folder``, and write the log and the report there.

    ``makes`` are further files that the options create.

    Missing the requested frequency is not an error; the achieved one is reported.
    """
    tool.run(
        (
            *options,
            *("--json", netlist, "--report", REPORT, "--seed", str(seed)),
            *("--freq", str(frequency), "--timing-allow-fail"),
        ),
        cwd=folder,
        log=folder / LOG,
        makes=(REPORT, *makes),
        progress=progress,
    )


def read_route(path: Path) -> Route:
    """Read the file of ``--report``, with the figures after routing.

    Raises
    ------
    ToolError
        The file has an unknown format, or the design has no path from register to register.
    """
    try:
        return parse_route(path.read_text())
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ToolError(f"{path} is not what nextpnr's --report writes ({error!r}): use another nextpnr") from None


def parse_route(text: str) -> Route:
    """Parse a report; of several clocks, use the slowest."""
    report = json.loads(text)
    clock = min(report["fmax"], key=lambda name: float(report["fmax"][name]["achieved"]))
    path = next(
        path for path in report["critical_paths"] if _on_clock(path["from"], clock) and _on_clock(path["to"], clock)
    )
    return Route(
        fmax_mhz=float(report["fmax"][clock]["achieved"]),
        critical_path=_critical_path(path["path"]),
        placed={
            kind: (int(figures["used"]), int(figures["available"]))
            for kind, figures in sorted(report["utilization"].items())
            if figures["used"]
        },
    )


def _on_clock(event: str, clock: str) -> bool:
    """Return whether an event such as ``"posedge clk"`` is an edge of ``clock``."""
    return event.split(" ", 1)[-1] == clock


def _critical_path(segments: list[dict[str, Any]]) -> CriticalPath:
    routing = sum(float(segment["delay"]) for segment in segments if segment["type"] == "routing")
    total = sum(float(segment["delay"]) for segment in segments)
    first, last = segments[0]["from"], segments[-1]["to"]
    return CriticalPath(
        start=f"{first['cell']}.{first['port']}",
        end=f"{last['cell']}.{last['port']}",
        logic_ns=total - routing,
        routing_ns=routing,
    )
