"""Whether a board has room for a design, predicted in a moment, before any tool runs."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace

from tospike.gen.area.design import predicted_area
from tospike.gen.area.systolic import Area
from tospike.gen.fit.fit import excess
from tospike.hw.params import AcceleratorParams, ArrayParams, InputError, RegisterParams, SpikingParams
from tospike.hw.params.devices import ECP5, ICE40, Device, Family
from tospike.synth.board.boards import BOARDS, Board

MODEL_ERROR = 1.15
"""What is predicted is off by at most this ratio, see `tospike.gen.area`: less than that above a capacity is left to
synthesis to find out."""
SERIAL: Mapping[str, Area] = {
    ECP5.name: Area(lut4=715, ff=369, bram=2, dsp=0),
    ICE40.name: Area(lut4=670, ff=369, bram=3, dsp=0),
}
"""The serial port by name of the family: docs/measurements/boards.md."""
ALONE = {SpikingParams: 0.37, RegisterParams: 0.37}
"""Part of the flip-flops of an iCE40 that no LUT drives, so that each takes a logic cell of its own, by the engine:
fitted to the digits SNN with 2 lanes."""
ALONE_ELSEWHERE = 0.09
"""The same of other engines: fitted to the digits ANN with 4 columns."""
FILLED = 0.97
"""Part of an iCE40's logic cells up to which nextpnr finds a placement; above, it searches for minutes in vain."""


def require_room(board: Board, params: AcceleratorParams) -> None:
    """Refuse a design that certainly does not fit a board; name the nearest that does: a design, and a board.

    Designs whose area nothing predicts are let through.

    Raises
    ------
    InputError
        With the numbers.
    """
    area = _area(params, board.part.family)
    if area is None:
        return
    lacking = [*_certain_excess(area, board.part), *_crowding(area, params, board.part)]
    if not lacking:
        return
    ways = [*_smaller(board, params), *_larger(params)]
    remedy = f"give {' or '.join(ways)}" if ways else "no board holds it: give a smaller network"
    raise InputError(
        f"the design does not fit {board.name}: it needs about {', '.join(lacking)} (predicted, serial port included): "
        f"{remedy}, or --try-anyway"
    )


def _area(params: AcceleratorParams, family: Family) -> Area | None:
    """Return the predicted area of a design with its serial port; ``None`` if there is no prediction."""
    own, line = predicted_area(params, family), SERIAL[family.name]
    if own is None:
        return None
    return Area(lut4=own.lut4 + line.lut4, ff=own.ff + line.ff, bram=own.bram + line.bram, dsp=own.dsp)


def _certain_excess(area: Area, part: Device) -> list[str]:
    """Return the resources that a device has too little of even if the prediction is too high, with the numbers."""
    return [
        f"{needed:,} {name} of {part.capacity[name]:,}"
        for name, needed in asdict(area).items()
        if needed > part.capacity[name] * MODEL_ERROR and (name != "dsp" or part.capacity["dsp"])
    ]


def _crowding(area: Area, params: AcceleratorParams, part: Device) -> list[str]:
    """Return the logic cells, with the numbers, if they are more than can be placed on an iCE40."""
    if part.family is not ICE40:
        return []
    alone = max(ALONE.get(type(engine), ALONE_ELSEWHERE) for engine in params.engines)
    needed, capacity = round(area.lut4 + alone * area.ff), part.capacity["lut4"]
    return [f"{needed:,} logic cells of {capacity:,}"] if needed > FILLED * capacity else []


def _holds(board: Board, params: AcceleratorParams) -> bool:
    area = _area(params, board.part.family)
    return area is not None and not excess(area, board.part) and not _crowding(area, params, board.part)


def _larger(params: AcceleratorParams) -> Iterator[str]:
    """Yield the option for the smallest board that holds a design."""
    boards = sorted(BOARDS.values(), key=lambda board: board.part.capacity["lut4"])
    found = next((board for board in boards if _holds(board, params)), None)
    if found:
        yield f"--board {found.name}"


def _smaller(board: Board, params: AcceleratorParams) -> Iterator[str]:
    """Yield the options of `tospike generate` for the largest version of a design that the board holds."""
    for candidate, options in _halved(params):
        if _holds(board, candidate):
            yield options
            return


def _halved(params: AcceleratorParams) -> Iterator[tuple[AcceleratorParams, str]]:
    """Yield versions of a design with half the lanes or array, a quarter, and so on, with the options for them."""
    lanes = max((getattr(engine, "lanes", 1) for engine in params.engines if engine.runs_stages), default=1)
    while (lanes := lanes // 2) >= 1:
        wide = {index: engine for index, engine in enumerate(params.engines) if getattr(engine, "lanes", 1) > lanes}
        changes = {index: {"lanes": lanes} for index, engine in wide.items() if engine.runs_stages}
        if changed := _replaced(params, changes):
            yield changed, f"`--lanes {lanes}` when it is generated"
    arrays = {index: e.array for index, e in enumerate(params.engines) if hasattr(e, "array")}
    while arrays and max(array.rows * array.cols for array in arrays.values()) > 1:
        arrays = {index: _half(array) for index, array in arrays.items()}
        if changed := _replaced(params, {index: {"array": array} for index, array in arrays.items()}):
            one = next(iter(arrays.values()))
            yield changed, f"`--rows {one.rows} --cols {one.cols}` when it is generated"


def _half(array: ArrayParams) -> ArrayParams:
    if array.rows > array.cols:
        return replace(array, rows=array.rows // 2)
    return replace(array, cols=max(1, array.cols // 2))


def _replaced(params: AcceleratorParams, changes: Mapping[int, Mapping[str, object]]) -> AcceleratorParams | None:
    """Return a design with other knobs of some engines; ``None`` if its engines do not go together with them."""
    try:
        engines = tuple(
            replace(engine, **changes[index]) if index in changes else engine  # type: ignore[arg-type]
            for index, engine in enumerate(params.engines)
        )
        return replace(params, engines=engines)
    except InputError:
        return None
