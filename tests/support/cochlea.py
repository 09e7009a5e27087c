"""Cochleas for tests."""

from tospike.hw.params import CochleaCode, CochleaParams
from tospike.sim.cochlea.design import FilterBank


def cochlea(channels, *, sections=2, bits=12, rate=8000, **knobs):
    """A cochlea for 3 time bins of 4 samples; levels by default."""
    bank = FilterBank(channels=channels, sections=sections, sample_rate=rate, low_hz=150, high_hz=0.4 * rate)
    rotations, dampings = bank.coefficients(bits)
    usual = {"hop": 4, "steps": 3, "code": CochleaCode.LEVELS}
    return CochleaParams(
        rotations=rotations,
        dampings=dampings,
        sample_rate=rate,
        sections=sections,
        coefficient_bits=bits,
        **(usual | knobs),
    )
