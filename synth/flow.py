"""The one call that everything above uses: a design folder in, a report out."""

from pathlib import Path

from tospike.gen.tools.cache import Cache
from tospike.gen.tools.tool import Progress
from tospike.hw.params import require, require_range
from tospike.synth.asic.cells import CellFlow
from tospike.synth.design import read_design
from tospike.synth.fpga.synthesis import FpgaFlow
from tospike.synth.report import SynthReport
from tospike.synth.targets import CellTarget, Router, parse_target


def synthesize(
    folder: Path,
    *,
    target: str,
    speed: int | None = None,
    seed: int = 1,
    router: Router = Router.ROUTER1,
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> SynthReport:
    """Return the area, and on an FPGA clock frequency, of the generated design in ``folder``.

    Parameters
    ----------
    target
        ``ecp5-85k``, ``ice40-up5k`` or a Liberty file.
    speed
        Speed grade of an FPGA that has several; ``None`` is the slowest.
    seed
        Of the placer.
    router
        Of nextpnr.
    cache
        Where results are kept; ``None`` is the usual place.
    progress
        Is told each step that takes time.

    Raises
    ------
    InputError
        The design, the target, a tool or the device is not up to it; the message says which.
    """
    chosen = parse_target(target)
    require_range("seed", seed, 0, (1 << 31) - 1)
    design = read_design(folder, chosen.primitives)
    store = cache or Cache()
    if isinstance(chosen, CellTarget):
        require(speed is None, f"{chosen.name} is a cell library, which has no speed grades: leave --speed out")
        return CellFlow.on(chosen, cache=store, progress=progress).run(design)
    return FpgaFlow.on(chosen, cache=store, progress=progress).run(design, speed=speed, seed=seed, router=router)
