"""Published comparisons of ANNs and SNNs, computed again from the constants that they state.

A result is *reproduced* if the computed figure rounds to the published one. Otherwise it is *quoted*, and
`PublishedResult.missing` says what one would need. Nothing here uses a measurement of this hardware.
"""

from dataclasses import dataclass

import numpy as np

from tospike.compare.energy.break_even import PUBLISHED, SMALL_SRAM, Reuse, break_even
from tospike.compare.energy.counts import davidson_furber, ottati
from tospike.compare.energy.counts.model import Terms

_SCRIPTS = "github.com/fabrizio-ottati/to-spike-or-not, "


@dataclass(frozen=True, kw_only=True)
class PublishedResult:
    """A figure of a publication."""

    paper: str
    claim: str
    """What the figure is."""
    low: float
    high: float
    """Its range, or the same number twice."""
    unit: str
    source: str
    """Where in the publication it stands."""
    constants: str = ""
    """The constants from which it is computed, and where those stand."""
    computed: float | None = None
    digits: int = 2
    """Decimals of the published figure."""
    missing: str = ""
    """What a computation would need, if it is not reproduced."""

    @property
    def reproduced(self) -> bool:
        """Whether the computed figure rounds to the published one."""
        return self.computed is not None and self.low == self.high == round(self.computed, self.digits)


def _ratio(snn: Terms, ann: Terms) -> float:
    return float(sum(map(np.sum, snn.values())) / sum(map(np.sum, ann.values())))


CONV_OUTPUTS = 12 * 12
CONV_MACS = CONV_OUTPUTS * 512 * 3 * 3
"""Input 512 x 14 x 14, kernel 3 x 3, no padding, one output channel."""
ROWS, COLUMNS = 512, 1024
THESIS_OUTPUTS = 28 * 28 * 32
THESIS_MACS = THESIS_OUTPUTS * 3 * 3 * 144


def _convolution(density: float) -> float:
    events, outputs = np.array(CONV_MACS * density), np.array(CONV_OUTPUTS)
    return _ratio(ottati.snn_2023(events, outputs, outputs, np.array(0)), ottati.ann_2023(events, outputs))


def _recurrent(density: float) -> float:
    events, rows = np.array(ROWS * COLUMNS * density), np.array(ROWS)
    return _ratio(ottati.snn_recurrent_2023(events, rows, np.array(0)), ottati.ann_recurrent_2023(events, rows))


def _thesis() -> float:
    macs, outputs = np.array(THESIS_MACS), np.array(THESIS_OUTPUTS)
    return _ratio(ottati.snn_thesis(macs, outputs, 32), ottati.ann_thesis(macs, outputs, 32))


def _scripts(claim: str, published: float, computed: float, file: str) -> PublishedResult:
    prices = "100 pJ per 64 bits of a 1 MiB SRAM" if file == "main.py" else "2.5 pJ per byte, 0.2 and 0.03 pJ"
    return PublishedResult(
        paper="Ottati et al. 2023",
        claim=claim,
        low=published,
        high=published,
        unit="SNN / ANN",
        source=_SCRIPTS + file,
        constants=f"{prices}: {file}",
        computed=computed,
        digits=3,
    )


_ROUNDED = (davidson_furber.MAC + davidson_furber.READ) / (davidson_furber.E_PJ + davidson_furber.READ)
_MISSING = {
    "Davidson and Furber 2021": "the energies of a MAC and of a read before they were rounded to whole additions, 5 "
    f"and 5, which give {_ROUNDED:.2f}",
    "Dampfhoffer et al. 2023": "its prices of memories and arithmetic, by implementation",
    "Yan et al. 2024, v2": "its prices of memories, arithmetic and the network on chip",
    "Yan et al. 2024, v4": "its prices of memories, arithmetic and the network on chip",
}


def _quoted() -> list[PublishedResult]:
    """Return the published break-even points whose constants are not all stated."""
    return [
        PublishedResult(
            paper=point.name,
            claim=f"break-even, {point.unit}",
            low=point.low,
            high=point.high,
            unit=point.unit,
            source=point.source,
            missing=_MISSING[point.name],
        )
        for point in PUBLISHED
        if point.name in _MISSING
    ]


def published_results() -> list[PublishedResult]:
    """Return all results, those that can be computed first."""
    return [
        _scripts("energy, convolution, 90 % zeros", 0.545, _convolution(0.1), "sparsity-analysis-cnn.py"),
        _scripts("energy, recurrent layer, 90 % zeros", 0.543, _recurrent(0.1), "sparsity-analysis-rnn.py"),
        _scripts("energy, convolution and dense layer", 0.560, _thesis(), "main.py"),
        PublishedResult(
            paper="Ottati et al. 2023",
            claim="break-even, one step, no reuse, state not charged",
            low=1.84,
            high=1.84,
            unit="spikes per activation",
            source=_SCRIPTS + "sparsity-analysis-cnn.py: 5.23 pJ per product, 2.84 pJ per spike",
            constants="2.5 pJ per byte, 0.2 and 0.03 pJ: sparsity-analysis-cnn.py",
            computed=break_even(SMALL_SRAM, Reuse()),
        ),
        *_quoted(),
    ]
