"""What every engine looks like from outside."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Generic, TypeVar

from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.memory import ConfigSignature
from tospike.hw.params import EngineParams
from tospike.hw.tokens import token_stream

Params = TypeVar("Params", bound=EngineParams)


class Engine(wiring.Component, Generic[Params]):
    """Tokens in, tokens out: a part of the chain behind the host's input, see "Engines" in
    ``docs/explanation/architecture.md``.

    Parameters
    ----------
    params : EngineParams
    counters : sequence of str
        Their names, in order.
    writable : bool
        Configuration writes its memories.
    members : mapping
        What else its signature has.

    Members
    -------
    i : In(token_stream(params.input))
    o : Out(token_stream(params.output))
    counters : Out(StructLayout)
        Running totals.
    clear : In(1)
        Sets them to 0.
    busy : Out(1)
        A token is inside.
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
        super().__init__(
            {
                "i": In(token_stream(params.input)),
                "o": Out(token_stream(params.output)),
                "counters": Out(data.StructLayout(dict.fromkeys(counters, params.counter_bits))),
                "clear": In(1),
                "busy": Out(1),
                **({"config": In(ConfigSignature())} if writable else {}),
                **members,
            }
        )

    @property
    def params(self) -> Params:
        """What it is made of."""
        return self._params
