"""A bitstream for a board: the design, a serial port and the board's pins, at the clock that was asked for or found."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tospike.gen.emit.folder import read
from tospike.gen.emit.manifest import read_manifest
from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.children import Stopped
from tospike.gen.tools.programs import find
from tospike.gen.tools.tool import Progress, Tool
from tospike.hw.params import require
from tospike.synth.board.board_file import find_board
from tospike.synth.board.boards import Board, require_fit
from tospike.synth.board.clock import Clock, clocks_from, nearest_clock
from tospike.synth.board.clock_search import Attempt, first_to_close, highest
from tospike.synth.board.options import HIGHEST, OWN, BuildOptions
from tospike.synth.board.packers import Pin
from tospike.synth.board.probe import complaint, pll_input
from tospike.synth.board.room import require_room
from tospike.synth.board.shell import TOP, board_shell
from tospike.synth.design import Design, read_design
from tospike.synth.fpga import nextpnr
from tospike.synth.fpga.synthesis import FpgaFlow

_PINS = "pins.txt"
_ROUTED = "routed.txt"
_BITSTREAM = "design.bit"


@dataclass(frozen=True, kw_only=True)
class Bitstream:
    """A bitstream, and how it was made."""

    data: bytes
    board: str
    device: str
    clock_mhz: float
    pll: str | None
    """How the clock is made; ``None``: it is the oscillator's."""
    fmax_mhz: float
    margin_percent: float
    """The least that was asked for."""
    slack_ns: float
    seed: int
    baud: int
    divisor: int
    """Clock cycles per bit of the serial line."""
    cycles: float
    """Of an inference: the mean of the design's own test samples."""
    samples: str
    """What these are, in words."""
    resources: dict[str, int]
    placed: dict[str, tuple[int, int]]
    """(used, available) of each kind of cell in use."""
    attempts: tuple[tuple[float, int, float], ...]
    """(clock, seed, MHz after routing) of each route."""
    tools: dict[str, str]
    notes: tuple[str, ...] = ()

    @property
    def inferences_per_second(self) -> float:
        """One after another, in the FPGA: the serial line may be slower."""
        return self.clock_mhz * 1e6 / self.cycles

    def to_json(self) -> dict[str, Any]:
        """Return everything except the bits."""
        return {
            "board": self.board,
            "device": self.device,
            "clock_mhz": round(self.clock_mhz, 4),
            "pll": self.pll,
            "fmax_mhz": round(self.fmax_mhz, 2),
            "margin_percent": self.margin_percent,
            "slack_ns": round(self.slack_ns, 3),
            "seed": self.seed,
            "baud": self.baud,
            "divisor": self.divisor,
            "cycles_per_inference": self.cycles,
            "inferences_per_second": round(self.inferences_per_second, 1),
            "samples": self.samples,
            **self.resources,
            "placed": {name: {"used": used, "available": total} for name, (used, total) in self.placed.items()},
            "attempts": [
                {"clock_mhz": round(clock, 4), "seed": seed, "fmax_mhz": round(fmax, 2)}
                for clock, seed, fmax in self.attempts
            ],
            "notes": list(self.notes),
            "tools": self.tools,
        }


@dataclass(frozen=True, kw_only=True)
class _Build:
    """A design on a board: routes it at a clock with seeds, and packs what is chosen."""

    folder: Path
    design: Design
    board: Board
    options: BuildOptions
    flow: FpgaFlow
    packer: Tool
    cache: Cache
    jobs: int
    pins: list[Pin]
    counts: dict[float, Mapping[str, int]] = field(default_factory=dict)
    """Resources of the design at each clock that was tried."""
    routes: dict[tuple[float, int], Path] = field(default_factory=dict)
    """Entry of each clock and seed in the cache."""

    def route(self, clock: Clock, seeds: Sequence[int]) -> list[Attempt]:
        """Route the design at a clock with several seeds, in parallel processes."""
        shell = board_shell(self.design, clock, divisor=clock.divisor(self.options.baud), pins=self.pins)
        netlist = self.flow.synthesise(self.design, top=TOP, shell=shell)
        counts = self.counts[clock.mhz] = self.flow.resources(netlist, TOP)
        require_fit(self.board, counts)
        packs = self.board.packer

        def one(seed: int) -> Attempt:
            entry = self.routes[clock.mhz, seed] = self.flow.route(
                netlist,
                counts,
                options=(*self.board.device, packs.constraints, _PINS, packs.routed, _ROUTED),
                seed=seed,
                frequency=round(clock.mhz),
                files={_PINS: packs.write(self.pins, self.board.clock_mhz)},
                makes=(_ROUTED,),
            )
            return Attempt(clock=clock, seed=seed, fmax_mhz=nextpnr.read_route(entry / nextpnr.REPORT).fmax_mhz)

        pool = ThreadPoolExecutor(max_workers=self.jobs)
        try:
            found = list(pool.map(one, seeds))
        except BaseException as error:  # if stopped, do not wait for the others
            pool.shutdown(wait=not isinstance(error, Stopped), cancel_futures=True)
            raise
        pool.shutdown()
        return found

    def pack(self, chosen: Attempt) -> bytes:
        """Return the bits of a route."""
        routed = self.routes[chosen.clock.mhz, chosen.seed]

        def make(folder: Path) -> None:
            source = os.path.relpath((routed / _ROUTED).resolve(), folder.resolve())
            self.packer.run((source, _BITSTREAM), cwd=folder, log=folder / "pack.log", makes=(_BITSTREAM,))

        key = digest({"routed": routed.name, "packer": self.packer.release})
        return (self.cache.build("bitstream", key, make) / _BITSTREAM).read_bytes()

    def placed(self, chosen: Attempt) -> dict[str, tuple[int, int]]:
        """Return the cells of a route."""
        return nextpnr.read_route(self.routes[chosen.clock.mhz, chosen.seed] / nextpnr.REPORT).placed


def build_bitstream(
    folder: Path,
    options: BuildOptions,
    *,
    cache: Cache | None = None,
    progress: Progress | None = None,
) -> Bitstream:
    """Synthesise, place, route and pack the generated design in ``folder``.

    Parameters
    ----------
    options
        Board, clock and tool options.

    Raises
    ------
    InputError
        The design or the board is unsuitable, a tool fails, or the design does not fit or closes at no clock; the
        message says which.
    """
    board, store = find_board(options.board), cache or Cache()
    design = read_design(folder, board.target.primitives)
    pins = board.pins()
    build = _Build(
        folder=folder,
        design=design,
        board=board,
        options=options,
        flow=FpgaFlow.on(board.target, cache=store, progress=progress),
        packer=find(board.packer.tool),
        cache=store,
        jobs=options.jobs or os.cpu_count() or 1,
        pins=pins,
    )
    test = read_manifest(folder).get("test", {})
    # refuse what no clock helps, before the tools run
    own = clocks_from(board.part.family, board.clock_mhz, None)[0]
    board_shell(design, own, divisor=25, pins=pins)
    if not options.try_anyway:
        require_room(board, read(folder).params)
    said = complaint(board, own, cache=store, progress=progress)
    require(not said, f"the pins of {options.board} are wrong: {said}")
    chosen, attempts, notes = _choose(build, own, progress)
    pll = chosen.clock.pll
    return Bitstream(
        data=build.pack(chosen),
        board=board.name,
        device=board.part.title,
        clock_mhz=chosen.clock.mhz,
        pll=f"{board.clock_mhz:g} MHz x {float(pll.mhz / pll.phase_mhz):g} / {pll.divide}" if pll else None,
        fmax_mhz=chosen.fmax_mhz,
        margin_percent=options.margin,
        slack_ns=chosen.slack_ns,
        seed=chosen.seed,
        baud=options.baud,
        divisor=chosen.clock.divisor(options.baud),
        cycles=sum(test["cycles"]) / len(test["cycles"]),
        samples=f"{test['samples']} samples: {test['source']}",
        resources=dict(build.counts[chosen.clock.mhz]),
        placed=build.placed(chosen),
        attempts=tuple((each.clock.mhz, each.seed, each.fmax_mhz) for each in attempts),
        tools={tool.name: tool.label for tool in (build.flow.yosys, build.flow.nextpnr, build.packer)},
        notes=notes,
    )


def _choose(build: _Build, own: Clock, progress: Progress | None) -> tuple[Attempt, Sequence[Attempt], tuple[str, ...]]:
    """Return the route to pack, all routes, and what to tell the user."""
    options, board = build.options, build.board
    margin = options.margin / 100
    seeds = range(options.seed, options.seed + options.seeds)
    if options.clock == OWN:
        return _close(build, own, seeds, margin)
    taken = pll_input(board, cache=build.cache, progress=progress)
    clocks = clocks_from(board.part.family, board.clock_mhz, taken)
    reason = f"the clock of {board.name} ({board.clock_mhz:g} MHz) feeds no PLL of its {board.part.title}"
    if options.clock != HIGHEST:
        mhz = options.clock_mhz
        require(taken is not None or mhz == own.mhz, f"{reason}: give --clock {OWN} instead of {mhz:g}")
        return _close(build, nearest_clock(clocks, mhz), seeds, margin)
    if len(clocks) == 1:
        chosen, attempts, _ = _close(build, own, seeds, margin)
        return chosen, attempts, (f"{reason}: it runs the design itself",)
    usable = [clock for clock in clocks if clock.makes(options.baud)]
    if not usable:
        own.divisor(options.baud)
    start = own if own in usable else usable[0]
    found, attempts = highest(usable, start, seeds, build.route, margin=margin, jobs=build.jobs)
    fastest = max(attempts, key=lambda each: each.fmax_mhz)
    require(
        found is not None,
        f"{build.folder} closes at no clock of {board.name} with {options.margin:g} % to spare: it reaches "
        f"{fastest.fmax_mhz:.1f} MHz, and the lowest clock for {options.baud} baud is {usable[0].mhz:g} MHz: give "
        "more --seeds, a smaller --margin, or make it smaller",
    )
    assert found is not None
    return found, attempts, ()


def _close(
    build: _Build, clock: Clock, seeds: Sequence[int], margin: float
) -> tuple[Attempt, Sequence[Attempt], tuple[str, ...]]:
    """Return a route at one clock that closes: the first seed alone is tried first."""
    attempts = first_to_close(clock, seeds, build.route, margin=margin, jobs=build.jobs, alone=1)
    best = attempts[0]
    require(
        best.margin >= margin,
        f"{build.folder} reaches {best.fmax_mhz:.1f} MHz on {build.board.name} with "
        f"{'seed' if len(attempts) == 1 else 'the best seed,'} {best.seed}, and {clock.mhz:g} MHz with "
        f"{100 * margin:g} % to spare need {clock.mhz * (1 + margin):.1f}: give a lower --clock, more --seeds, a "
        "smaller --margin, or make it smaller",
    )
    return best, attempts, ()
