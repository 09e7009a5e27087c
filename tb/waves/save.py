"""Save files beside a waveform: what GTKWave and Surfer show when they open it."""

import io
from collections.abc import Sequence
from pathlib import Path

from vcd.gtkw import GTKWSave

from tospike.gen.files.output import write_text
from tospike.tb.waves.groups import Group, groups
from tospike.tb.waves.variables import read_variables

GTKWAVE, SURFER = ".gtkw", ".sucl"
"""What a save file's name ends in; the rest is the waveform's."""


def save_files(waveform: Path, top: str, verilog: str) -> tuple[Path, Path]:
    """Write a save file of GTKWave and a command file of Surfer beside a waveform; return their paths.

    Parameters
    ----------
    waveform
        A VCD or FST file of a design.
    top, verilog
        The design's module, and its text.

    Raises
    ------
    InputError
        The waveform is damaged, or a file cannot be written.
    """
    found = groups(top, verilog, read_variables(waveform))
    of_gtkwave, of_surfer = waveform.with_suffix(GTKWAVE), waveform.with_suffix(SURFER)
    write_text(of_gtkwave, gtkwave_text(waveform.name, found))
    write_text(of_surfer, surfer_text(found))
    return of_gtkwave, of_surfer


def gtkwave_text(waveform: str, found: Sequence[Group]) -> str:
    """Return a save file: groups that can be folded, those of counters closed."""
    text = io.StringIO()
    save = GTKWSave(text)
    save.dumpfile(waveform, abspath=False)
    save.sst_expanded(True)
    save.signals_width(280)
    for group in found:
        with save.group(group.name, closed=group.name.endswith("counters")):
            for variable in group.variables:
                save.trace(variable.with_range, datafmt="bin" if variable.width == 1 else "hex")
    return text.getvalue()


def surfer_text(found: Sequence[Group]) -> str:
    """Return a command file: a divider before each group. The waveform is opened with it, or before."""
    lines = []
    for group in found:
        lines.append(f"divider_add {group.name}")
        lines += [f"variable_add {variable.path}" for variable in group.variables]
    return "\n".join([*lines, "zoom_fit", ""])
