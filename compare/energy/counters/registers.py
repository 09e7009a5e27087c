"""Number of flip-flops of a design before technology mapping: the load of its clock."""

import re
from collections import Counter
from functools import lru_cache
from importlib import metadata

from amaranth.back import rtlil  # type: ignore[attr-defined]

from tospike.gen.emit.verilog import collector_paused, ports_of
from tospike.hw.accelerator import Accelerator
from tospike.hw.host.layout import engine_layout
from tospike.hw.params import ARRAY, AcceleratorParams, EngineParams

HOST = "host"
"""Name of everything outside the engines: ports, register file, the counter of cycles."""


def array_of(engine: str) -> str:
    """Return the name of an engine's array with its delay lines, which are counted apart from the rest of it."""
    return f"{engine}.array"


_MODULE = re.compile(r"^module \\(\S+)|^  cell \$dff .*\n    parameter \\WIDTH (\d+)", re.MULTILINE)
_ENGINE = re.compile(r"\.engine_(\d+)(?:\.|$)(\w*)")


def register_bits(params: AcceleratorParams) -> dict[str, int]:
    """Return the flip-flops of the host port and of each engine, ``engine_0`` and so on, without performance counters.

    Counters only measure, so that a design is charged as if it were built without them (``--counters none``), whether
    or not it is. Those of an array stand under the name of `array_of`, and not in its engine's. Counted in Amaranth's
    RTLIL, before synthesis removes or merges any, without memories.
    """
    return dict(_register_bits(params.without_extras().with_clock_gating(False)))


@lru_cache(maxsize=64)
def _register_bits(params: AcceleratorParams) -> Counter[str]:
    # memory contents do not affect the flip-flops
    empty = [{shape.name: (0,) for shape in engine_layout(engine).memories(engine)} for engine in params.engines]
    component = Accelerator(params, empty, version=metadata.version("tospike"), config_hash=0)
    ports = {port.name: (value, None) for value, port in ports_of(component).values()}
    bits: Counter[str] = Counter({HOST: 0, **{f"engine_{n}": 0 for n in range(len(params.engines))}})
    part = HOST
    with collector_paused():
        text = rtlil.convert(component, name="top", ports=ports, emit_src=False)
    for module, width in _MODULE.findall(text):
        if module:
            part = _part_of(module, params)
        else:
            bits[part] += int(width)
    return bits


def _part_of(module: str, params: AcceleratorParams) -> str:
    """Return the name under which a module's flip-flops are counted."""
    found = _ENGINE.search(module)
    if found is None:
        return HOST
    name = f"engine_{found[1]}"
    in_array = params.engines[int(found[1])].sleeping_parts == ARRAY and found[2] in ARRAY
    return array_of(name) if in_array else name


class SharedRegisters:
    """`register_bits` of many chains of the same engines, as placements of one network are."""

    def __init__(self) -> None:
        self._bits: dict[EngineParams | tuple[object, ...], dict[str, int]] = {}
        """Of each part, by what follows its own name."""

    def bits(self, params: AcceleratorParams) -> dict[str, int]:
        """Return the flip-flops of a chain; it is built only if one of its engines, or its ends, have not been yet."""
        first, last = params.engines[0], params.engines[-1]
        ends = (params.host_input, params.input, first.takes, params.unused_inputs)
        host = (*ends, params.host_output, params.output, last.sends, params.output_image)
        parts = {HOST: host} | {f"engine_{number}": engine for number, engine in enumerate(params.engines)}
        if any(part not in self._bits for part in parts.values()):
            built = register_bits(params)
            for name, part in parts.items():
                own = (each for each in (name, array_of(name)) if each in built)
                self._bits[part] = {each.removeprefix(name): built[each] for each in own}
        return {name + rest: bits for name, part in parts.items() for rest, bits in self._bits[part].items()}
