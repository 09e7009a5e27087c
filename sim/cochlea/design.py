"""Design of a filter bank like that of the ear: centre frequencies, bandwidths and coefficients."""

from dataclasses import dataclass
from math import cos, factorial, pi, tan

import numpy as np

from tospike.hw.params import require, require_range


def erb(hertz: float) -> float:
    """Return the equivalent rectangular bandwidth of the auditory filter at a frequency, in Hz (Glasberg and Moore,
    "Derivation of auditory filter shapes from notched-noise data", Hearing Research 47, 1990)."""
    return 24.7 * (4.37e-3 * hertz + 1)


@dataclass(frozen=True, kw_only=True)
class FilterBank:
    """Channels from ``low_hz`` to ``high_hz``, equally spaced on the scale of ERBs.

    A cascade of N sections has the equivalent rectangular bandwidth ``width * erb(centre)``, as a gammatone filter of
    order N does (Slaney, "An efficient implementation of the Patterson-Holdsworth auditory filter bank", Apple TR 35,
    1993); each section has the bandwidth at -3 dB that this takes.
    """

    channels: int = 32
    low_hz: float = 100.0
    high_hz: float = 3500.0
    sample_rate: int = 8000
    sections: int = 2
    width: float = 1.0

    def __post_init__(self) -> None:
        require_range("cochlea channels", self.channels, 1, 64)
        require_range("sections", self.sections, 1, 4)
        half = self.sample_rate / 2
        require(
            0 < self.low_hz <= self.high_hz < half,
            f"a cochlea hears from low to high frequency, below half the sample rate ({half:g} Hz): not "
            f"{self.low_hz:g} to {self.high_hz:g} Hz",
        )
        require(self.width > 0, f"cochlea width {self.width:g} must be above 0")

    @property
    def centres(self) -> tuple[float, ...]:
        """The centre frequency of each channel in Hz, ascending."""
        # the number of ERBs below a frequency is proportional to log(4.37e-3 f + 1)
        low, high = (float(np.log(4.37e-3 * hertz + 1)) for hertz in (self.low_hz, self.high_hz))
        number = np.linspace(low, high, self.channels)
        return tuple(((np.exp(number) - 1) / 4.37e-3).tolist())

    @property
    def bandwidths(self) -> tuple[float, ...]:
        """The bandwidth of a section of each channel at -3 dB, in Hz."""
        n = self.sections - 1
        ratio = pi * factorial(2 * n) * 2.0 ** (-2 * n) / factorial(n) ** 2
        return tuple(2 * self.width * erb(centre) / ratio for centre in self.centres)

    def coefficients(self, bits: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the rotations and dampings of `tospike.hw.params.CochleaParams`, rounded to ``bits`` bits.

        Raises
        ------
        InputError
            A channel is too wide for the sample rate. `CochleaParams` refuses those that rounding makes unstable.
        """
        unit = 1 << (bits - 1)
        rotations, dampings = [], []
        for centre, bandwidth in zip(self.centres, self.bandwidths, strict=True):
            require(
                bandwidth < self.sample_rate / 4,
                f"a channel at {centre:.0f} Hz is {bandwidth:.0f} Hz wide, too wide for {self.sample_rate} samples per "
                "second: give a smaller width",
            )
            slope = tan(pi * bandwidth / self.sample_rate)
            damping = slope / (1 + slope)
            dampings.append(round(damping * unit))
            rotations.append(round(cos(2 * pi * centre / self.sample_rate) * (1 - damping) * unit))
        return tuple(rotations), tuple(dampings)
