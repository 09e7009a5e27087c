"""Synthesise a design folder and return a report, on any target."""

from pathlib import Path

from tospike.gen.tools.cache import Cache
from tospike.gen.tools.tool import Progress
from tospike.hw.params import require
from tospike.synth.asic.cells import CellFlow
from tospike.synth.design import read_design
from tospike.synth.fpga.area_only import AreaFlow
from tospike.synth.fpga.synthesis import FpgaFlow
from tospike.synth.options import SynthOptions
from tospike.synth.report import SynthReport
from tospike.synth.targets import AreaTarget, CellTarget, parse_target


def synthesize(
    folder: Path,
    options: SynthOptions | None = None,
    *,
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> SynthReport:
    """Return the area and, on an FPGA, clock frequency of the design in ``folder``.

    Parameters
    ----------
    options
        Target and tool options.
    cache
        Cache of results; ``None``: the default one.
    progress
        Called at each step that takes time.

    Raises
    ------
    InputError
        The design or target is unsuitable, a tool fails, or the design does not fit; the message says which.
    """
    options = options or SynthOptions()
    chosen = parse_target(options.target)
    design = read_design(folder, chosen.primitives)
    store = cache or Cache()
    if isinstance(chosen, CellTarget):
        require(options.speed is None, f"{chosen.name} is a cell library, which has no speed grades: leave --speed out")
        return CellFlow.on(chosen, cache=store, progress=progress).run(design)
    if isinstance(chosen, AreaTarget):
        require(options.speed is None, f"{chosen.name} is not placed and has no clock: leave --speed out")
        return AreaFlow.on(chosen, cache=store, progress=progress).run(design)
    flow = FpgaFlow.on(chosen, cache=store, progress=progress)
    return flow.run(design, speed=options.speed, seed=options.seed, router=options.router)
