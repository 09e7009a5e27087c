"""The interface of every engine."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Generic, TypeVar

from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.memory import ConfigSignature
from tospike.hw.params import EngineParams
from tospike.hw.tokens import link_stream

Params = TypeVar("Params", bound=EngineParams)


class Engine(wiring.Component, Generic[Params]):
    """An engine of the accelerator's chain: tokens or beats in, tokens or beats out; see "Engines" in
    ``docs/explanation/architecture.md``.

    Parameters
    ----------
    params : EngineParams
    counters : sequence of str
        Names of the performance counters, in order; unused if ``params`` want none.
    writable : bool
        Whether configuration writes reach its memories.
    members : mapping
        Further members of its signature.

    Members
    -------
    i : In(link_stream(params.input))
    o : Out(link_stream(params.output))
    counters : Out(StructLayout)
        Running totals since ``clear``; only if ``params.is_counted``.
    clear : In(1)
        Reset the counters; only with them.
    busy : Out(1)
        Work is in progress, or a token is inside.
    config : In(ConfigSignature())
        Only if it is writable.
    """

    def __init__(
        self,
        params: Params,
        counters: Sequence[str],
        *,
        writable: bool = False,
        members: Mapping[str, wiring.Member] = MappingProxyType({}),
    ):
        self._params = params
        totals = data.StructLayout(dict.fromkeys(counters, params.counter_bits))
        super().__init__(
            {
                "i": In(link_stream(params.input)),
                "o": Out(link_stream(params.output)),
                **({"counters": Out(totals), "clear": In(1)} if params.is_counted else {}),
                "busy": Out(1),
                **({"config": In(ConfigSignature())} if writable else {}),
                **members,
            }
        )

    @property
    def params(self) -> Params:
        """The parameters of the engine."""
        return self._params
