"""The signals of a design that are worth a look, in groups: the host's streams and registers, then engine by engine."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tospike.tb.waves.variables import Variable

HOST = {
    "host: clock and interrupt": ("clk", "rst", "irq"),
    "host: samples in": ("s_axis_",),
    "host: answers out": ("m_axis_",),
    "host: weights in": ("s_axis_weights_",),
    "host: registers": ("s_axi_",),
}
"""Groups of the design's own ports: their names, or how they begin; the longest beginning counts."""
NEURONS = 16
"""States of an engine's neurons, at most."""
_ENGINE = re.compile(r"engine_(\d+)")
_MODULE = re.compile(r"^module ([^\s(]+) ?\(([^)]*)\);", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Signals that are shown together."""

    name: str
    variables: tuple[Variable, ...]


def groups(top: str, verilog: str, variables: Sequence[Variable]) -> list[Group]:
    """Return the groups of a design, in the order in which tokens pass; none is empty.

    Parameters
    ----------
    top
        The design's module.
    verilog
        Its text, which tells the ports of each engine: a simulator also records every wire inside.
    variables
        Those of its waveform.
    """
    variables = sorted(variables, key=lambda variable: (variable.scope, variable.plain))
    ports = {name.lstrip("\\"): _names(given) for name, given in _MODULE.findall(verilog)}
    found = list(_of_host([v for v in variables if v.scope == (top,)], ports.get(top, ())))
    names = {v.scope[1] for v in variables if v.scope[:1] == (top,) and len(v.scope) > 1}
    engines = {int(match[1]): name for name in names if (match := _ENGINE.fullmatch(name))}
    for _, engine in sorted(engines.items()):
        inside = [v for v in variables if v.scope[:2] == (top, engine)]
        found += _of_engine(engine, inside, ports.get(f"{top}.{engine}", ()))
    return [group for group in found if group.variables]


def _names(ports: str) -> tuple[str, ...]:
    return tuple(name.strip().lstrip("\\") for name in ports.split(","))


def _of_host(own: Sequence[Variable], ports: Sequence[str]) -> Iterator[Group]:
    by_group: dict[str, list[Variable]] = {name: [] for name in HOST}
    for variable in own:
        begins = [
            (len(first), name) for name, firsts in HOST.items() for first in firsts if variable.plain.startswith(first)
        ]
        if variable.plain in ports and begins:
            by_group[max(begins)[1]].append(variable)
    yield from (Group(name=name, variables=tuple(chosen)) for name, chosen in by_group.items())


def _of_engine(engine: str, inside: Sequence[Variable], ports: Sequence[str]) -> Iterator[Group]:
    """Yield the groups of an engine: what passes its ports, with the fields of each, its state and its counters."""
    own = [v for v in inside if len(v.scope) == 2]
    for what, first in (("in", "i__"), ("out", "o__")):
        chosen = [port for port in ports if port.startswith(first)]
        passing = [v for v in own if v.plain in chosen or v.plain.partition(".")[0] in chosen]
        yield Group(name=f"{engine}: {what}", variables=tuple(v for v in passing if not _has_fields(v, own)))
    state = [v for v in own if v.plain == "busy"]
    state += [v for v in inside if v.plain == "fsm_state"]
    neurons = [v for v in inside if v.plain == "state" and len(v.scope) == 3 and v.scope[2].startswith("neuron_")]
    yield Group(name=f"{engine}: state", variables=(*state, *neurons[:NEURONS]))
    counters = tuple(v for v in own if v.plain.startswith("counters."))
    yield Group(name=f"{engine}: counters", variables=counters)


def _has_fields(variable: Variable, own: Sequence[Variable]) -> bool:
    """Return whether a variable is also there field by field."""
    return any(other.plain.startswith(f"{variable.plain}.") for other in own)
