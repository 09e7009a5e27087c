"""Search both sides of a comparison: run every function, bound its hardware, and price what the bounds leave.

Designs are priced in an order that depends on the space and on bounds only: first the most promising one of each
engine, then eligible ones by ascending bounds, until those that are left cannot be cheaper than the best; then those
that may be on the front of accuracy and cost. Points go to the processes in groups of fixed size, so that the number of
processes changes nothing but the time.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from tospike.compare.report.design import KINDS, Kind
from tospike.compare.search.choose import Scored, cheapest, is_dominated
from tospike.compare.search.costs import SearchObjective
from tospike.compare.search.eligible import Eligibility, Target, find_eligible
from tospike.compare.search.measure import FunctionRun, Hardware, Priced, SearchPoint
from tospike.compare.search.options import SearchOptions
from tospike.compare.search.setting import Setting
from tospike.compare.search.space import Function, functions, without_gating
from tospike.compare.search.tasks import function_task, price_task
from tospike.compare.sweep.runner import run_sweep
from tospike.gen.tools.cache import Cache
from tospike.gen.tools.children import temporary_folder
from tospike.hw.params import require
from tospike.hw.params.devices import Device

FUNCTIONS_SHARE = 0.5
"""Part of the time in which functions are begun."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A design of the grid: its bounds, and its costs if it was priced."""

    point: SearchPoint
    hardware: Hardware
    accuracy: float
    """On the validation samples."""
    may_be_chosen: Eligibility
    priced: Priced | None = None

    @property
    def eligible(self) -> bool:
        """Whether it is accurate enough."""
        return self.may_be_chosen.eligible


@dataclass(kw_only=True)
class SearchResult:
    """The designs of both sides, and how complete the search was."""

    objective: SearchObjective
    target: Target
    designs: list[Found]
    """Those that were priced, in the order of the space."""
    points: int
    pruned: int
    over_budget: int
    left: int
    functions: int
    functions_left: int
    proven: bool
    seconds: float

    def cheapest(self, side: Kind, count: int) -> list[Found]:
        """Return the cheapest eligible designs of a side on the test samples, the cheapest first; of two that differ in
        clock gating only, the cheaper one."""
        own = (each for each in self.designs if each.point.function.side == side and each.eligible)
        priced = ((each, each.priced.test.value(self.objective)) for each in own if each.priced)
        ordered = cheapest(priced, len(self.designs))
        distinct: dict[object, Found] = {}
        for each in ordered:
            distinct.setdefault((each.point.function, without_gating(each.point.hardware)), each)
        return list(distinct.values())[:count]


@dataclass(kw_only=True)
class _Side:
    """The designs of a side, and what of them is known."""

    objective: SearchObjective
    designs: list[Found]
    priced: dict[SearchPoint, Priced] = field(default_factory=dict)

    def bound(self, found: Found) -> Scored:
        return Scored(found.accuracy, found.hardware.least.value(self.objective))

    @property
    def known(self) -> list[Scored]:
        """Accuracies and costs on validation of what was priced."""
        return [
            Scored(each.validation_accuracy, each.validation.value(self.objective)) for each in self.priced.values()
        ]

    @property
    def eligible(self) -> list[Found]:
        """Those that may be chosen, by ascending bounds."""
        return sorted((each for each in self.designs if each.eligible), key=lambda found: self.bound(found).cost)

    @property
    def unpriced(self) -> list[Found]:
        """The others by ascending bounds."""
        others = [found for found in self.designs if found.point not in self.priced]
        return sorted(others, key=lambda found: self.bound(found).cost)

    def promising(self, count: int) -> list[Found]:
        """Return the eligible ones that may be among the ``count`` cheapest."""
        priced = (self.priced[each.point] for each in self.eligible if each.point in self.priced)
        costs = sorted(each.validation.value(self.objective) for each in priced)
        most = costs[count - 1] if len(costs) >= count else float("inf")
        return [each for each in self.eligible if each.point not in self.priced and self.bound(each).cost < most]

    def first_of_engines(self) -> list[Found]:
        """Return the eligible design of each engine with the least bound."""
        best: dict[str, Found] = {}
        for found in self.eligible:
            best.setdefault(found.hardware.shape.engine, found)
        return [found for found in best.values() if found.point not in self.priced]

    def perhaps_on_front(self) -> list[Found]:
        known = self.known
        return [found for found in self.unpriced if not is_dominated(self.bound(found), known)]


def search(
    setting: Setting,
    options: SearchOptions,
    *,
    minutes: float,
    finalists: int,
    device: Device | None,
    cache: Cache,
    progress: Callable[[str], None] = lambda step: None,
) -> SearchResult:
    """Search both sides.

    Parameters
    ----------
    setting
        Networks, data and prices.
    options
        What is minimised, and the budget.
    minutes
        Time after which nothing more is begun.
    finalists
        How many of the cheapest designs of each side are wanted.
    device
        The device that designs must fit, if any.
    cache
        Of results.
    progress
        Called with what is done.

    Raises
    ------
    InputError
        A network cannot be used, or a side has no design within the budget that is accurate enough.
    """
    start = time.monotonic()
    limit = 60 * minutes
    grid = list(_interleaved([list(_functions(setting, side)) for side in KINDS]))
    with temporary_folder() as folder, options.workers.started(file := setting.save(folder)) as execute:
        running, pricing = function_task(setting, file, device), price_task(setting, file)
        runs: dict[Function, FunctionRun] = {}
        for first in range(0, len(grid), options.group):
            group = grid[first : first + options.group]
            if runs and time.monotonic() - start > FUNCTIONS_SHARE * limit:
                break
            progress(f"{len(runs)} of {len(grid)} functions")
            runs |= zip(group, run_sweep(group, task=running, cache=cache, execute=execute), strict=True)
        within, over, target = _designs(setting, options, device, runs)
        while wanted := _next(within, finalists, options.group):
            known = sum(len(side.priced) for side in within.values())
            if all(side.priced for side in within.values()) and time.monotonic() - start > limit:
                break
            progress(f"{known} of {sum(len(side.designs) for side in within.values())} designs")
            points = [found.point for found in wanted]
            results = run_sweep(points, task=pricing, cache=cache, execute=execute)
            for point, priced in zip(points, results, strict=True):
                within[point.function.side].priced[point] = priced
    seconds = time.monotonic() - start
    return _result(within, options.minimised, target, over, len(grid), len(runs), seconds)


def _functions(setting: Setting, side: Kind) -> Iterator[Function]:
    """Yield the functions of all networks of a side, the networks as given first."""
    each = [
        list(functions(side, number, setting.prepared(Function(side=side, network=number)), setting.fixed[side]))
        for number in range(len(setting.networks[side]))
    ]
    yield from _interleaved(each)


def _interleaved(several: Sequence[Sequence[Function]]) -> Iterator[Function]:
    for group in zip_longest(*several):
        yield from (each for each in group if each is not None)


def _designs(
    setting: Setting, options: SearchOptions, device: Device | None, runs: dict[Function, FunctionRun]
) -> tuple[dict[Kind, _Side], int, Target]:
    """Return the designs of both sides within the budget, the number of others, and the target."""
    mhz = setting.technologies[0].clock_mhz
    within = {
        function: [each for each in run.hardware if options.fits(each.area, device, each.least.cycles / mhz)]
        for function, run in runs.items()
    }
    over = sum(len(run.hardware) - len(within[function]) for function, run in runs.items())
    answers = {
        side: {each: runs[each].answers for each in within if each.side == side and within[each]} for side in KINDS
    }
    for side, own in answers.items():
        require(len(own) > 0, f"no {side.upper()} is within the budget: give a larger one")
    allowed = find_eligible(answers, options.accuracy)
    sides = {side: _Side(objective=options.minimised, designs=[]) for side in KINDS}
    for function, each_hardware in within.items():
        sides[function.side].designs += [
            Found(
                point=SearchPoint(function=function, hardware=hardware.choice),
                hardware=hardware,
                accuracy=runs[function].accuracy,
                may_be_chosen=allowed.functions[function],
            )
            for hardware in each_hardware
        ]
    return sides, over, allowed.target


def _next(sides: dict[Kind, _Side], finalists: int, size: int) -> list[Found]:
    """Return the designs to price next, of both sides; empty if what is left cannot matter."""
    for wanted in (
        [side.first_of_engines() for side in sides.values()],
        [side.promising(finalists) for side in sides.values()],
        [side.perhaps_on_front() for side in sides.values()],
    ):
        group = [each for pair in zip_longest(*wanted) for each in pair if each is not None][:size]
        if group:
            return group
    return []


def _result(
    sides: dict[Kind, _Side],
    objective: SearchObjective,
    target: Target,
    over: int,
    functions: int,
    functions_run: int,
    seconds: float,
) -> SearchResult:
    designs = [found for side in sides.values() for found in side.designs]
    left = [found for side in sides.values() for found in side.perhaps_on_front()]
    ran = [
        replace(found, priced=side.priced[found.point])
        for side in sides.values()
        for found in side.designs
        if found.point in side.priced
    ]
    return SearchResult(
        objective=objective,
        target=target,
        designs=ran,
        points=len(designs) + over,
        pruned=len(designs) - len(ran) - len(left),
        over_budget=over,
        left=len(left),
        functions=functions,
        functions_left=functions - functions_run,
        proven=functions == functions_run and not any(side.promising(1) for side in sides.values()),
        seconds=seconds,
    )
