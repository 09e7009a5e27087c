"""The error of a level: by how much ratios by counters differ from ratios of the same designs in gates."""

import math
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

FILE = "level_errors.toml"


@dataclass(frozen=True, kw_only=True)
class MeasuredPair:
    """An ANN and an SNN, measured at both levels with the same prices. Ratios are SNN over ANN."""

    command: str
    """Measures them."""
    states: str
    """Where the SNN has its states: ``registers`` or ``memory``."""
    counters: float
    gates: tuple[float, ...]
    """One ratio by model of the delays."""

    @property
    def error(self) -> float:
        """Largest difference of the logarithms."""
        return max(abs(math.log(self.counters / ratio)) for ratio in self.gates)


@lru_cache(maxsize=1)
def measured_pairs() -> tuple[MeasuredPair, ...]:
    """Return the pairs that were measured at both levels (``python -m benchmarks.level_errors``)."""
    text = resources.files("tospike.compare.verdict").joinpath(FILE).read_text("utf-8")
    return tuple(MeasuredPair(**{**pair, "gates": tuple(pair["gates"])}) for pair in tomllib.loads(text)["pair"])


def level_error(states: str | None) -> float:
    """Return by how much the logarithm of a ratio by counters may be wrong.

    It is the largest difference to gates over all pairs whose SNN has its states in the same place: gates treat states
    in flip-flops and in memories differently.

    Parameters
    ----------
    states
        Where the SNN has its states; of anything but ``registers`` and ``memory`` the larger error holds.
    """
    pairs = measured_pairs()
    alike = [pair for pair in pairs if pair.states == states]
    return max(pair.error for pair in alike or pairs)
