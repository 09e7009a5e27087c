"""The decision: from the ratios under all cost models of a platform to one word, and to what would turn it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal

from tospike.compare.verdict.ratio import LogRatio
from tospike.hw.params import require

Word = Literal["spike", "do not spike", "tie", "undecided"]
Axis = Literal["cost model", "prices", "level error", "seeds", "inputs", "accuracy"]

TIE = math.log(1.1)
"""Ratios from 1/1.1 to 1.1 do not matter to a designer."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """What an undecided verdict hangs on."""

    axis: Axis
    low: float
    high: float
    """The ratio at both ends of the axis."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Spikes or not, on one platform."""

    word: Word
    interval: tuple[float, float]
    """Of the ratio: over all cost models, each widened by the error of its level."""
    split: Split | None
    """Of an undecided one."""


def decide(
    ratios: Mapping[str, LogRatio], *, level_error: float, accuracy: Mapping[str, float] | None = None
) -> Decision:
    """Decide by every cost model of a platform.

    "spike" where all of every widened interval is below 1, "do not spike" where all is above, "tie" where all is from
    1/1.1 to 1.1, else "undecided".

    Parameters
    ----------
    ratios
        By cost model, SNN over ANN.
    level_error
        By how much the logarithm of a ratio at this level may differ from that of a deeper level.
    accuracy
        By cost model, by how much the logarithm moves if the side that needs less energy is not shown to be accurate
        enough, and takes a design that is.

    Raises
    ------
    InputError
        There is no cost model.
    """
    require(len(ratios) > 0, "a decision needs a cost model")
    require(level_error >= 0, "the error of a level is not negative")
    moved = {name: (accuracy or {}).get(name, 0.0) for name in ratios}
    low = min(ratio.lowest + min(moved[name], 0.0) for name, ratio in ratios.items()) - level_error
    high = max(ratio.highest + max(moved[name], 0.0) for name, ratio in ratios.items()) + level_error
    word = _word(low, high)
    return Decision(
        word=word,
        interval=(math.exp(low), math.exp(high)),
        split=_split(ratios, level_error, moved) if word == "undecided" else None,
    )


def _word(low: float, high: float) -> Word:
    if high < 0:
        return "spike"
    if low > 0:
        return "do not spike"
    return "tie" if low >= -TIE and high <= TIE else "undecided"


def _split(ratios: Mapping[str, LogRatio], level_error: float, moved: Mapping[str, float]) -> Split:
    """Return the axis that splits the sides: of those that do so alone the widest, else the widest of all."""
    values = [ratio.value for ratio in ratios.values()]
    middle = median(values)
    widest = max(ratios.values(), key=lambda ratio: ratio.high - ratio.low)
    ends: dict[Axis, tuple[float, float]] = {
        "accuracy": (middle + min(0.0, *moved.values()), middle + max(0.0, *moved.values())),
        "cost model": (min(values), max(values)),
        "seeds" if "seeds" in widest.over else "inputs": (
            middle + widest.low - widest.value,
            middle + widest.high - widest.value,
        ),
        "prices": (
            min(middle + ratio.prices[0] for ratio in ratios.values()),
            max(middle + ratio.prices[1] for ratio in ratios.values()),
        ),
        "level error": (middle - level_error, middle + level_error),
    }
    alone = {axis: (low, high) for axis, (low, high) in ends.items() if low < 0 < high}
    axis, (low, high) = max((alone or ends).items(), key=lambda item: item[1][1] - item[1][0])
    return Split(axis=axis, low=math.exp(low), high=math.exp(high))


def flips(ratio: float, decision: Decision) -> str:
    """Return in one sentence what would turn a decision.

    Parameters
    ----------
    ratio
        SNN over ANN, of the verdict's own cost model.
    decision
        Its decision.
    """
    low, high = decision.interval
    match decision.word:
        case "spike":
            return (
                f"It would turn if the SNN took {_times(1 / high)} its energy, or the ANN {_times(high)}, "
                "under the cost model that favours spikes least."
            )
        case "do not spike":
            return (
                f"It would turn if the SNN took {_times(1 / low)} its energy, or the ANN {_times(low)}, "
                "under the cost model that favours spikes most."
            )
        case "tie":
            further = "more" if ratio > 1 else "less"
            return f"It would turn if the SNN took 10 % {further} energy."
        case _:
            assert decision.split is not None
            split = decision.split
            if (split.low < 1) == (split.high < 1):
                return (
                    f"Nothing turns it alone: the {split.axis} moves the ratio most, from {split.low:.3g} to "
                    f"{split.high:.3g}."
                )
            return (
                f"It hangs on the {split.axis}: the ratio is {split.low:.3g} at one end of it and {split.high:.3g} at "
                "the other."
            )


def _times(factor: float) -> str:
    return f"{factor:.3g} times"
