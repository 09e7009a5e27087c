"""Looks at a stream in RTL: whether the generated Verilog answers as the golden model does."""

from dataclasses import dataclass

from tospike.compare.stream.designs import Labels
from tospike.compare.stream.replay import Stream
from tospike.gen.pipeline import Prepared
from tospike.gen.tools.cache import Cache
from tospike.tb.evaluate import simulate


@dataclass(frozen=True, kw_only=True)
class Verified:
    """Looks that the Verilog took."""

    looks: int
    mismatches: int
    """Of outputs or cycles; a counter whose total differs is one more."""


def verify_looks(prepared: Prepared, stream: Stream, looks: Labels, count: int, cache: Cache) -> Verified:
    """Run the windows of the looks nearest to the ends of the first ``count`` recordings in RTL, alone and back to
    back, front end included.

    Raises
    ------
    InputError
        As for `tospike.tb.evaluate.simulate`.
    """
    windows = stream.windows(looks[stream.nearest(looks)[:count]])
    found = simulate(prepared, windows, cache=cache)
    return Verified(looks=len(windows), mismatches=found.mismatches)
