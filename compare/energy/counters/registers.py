"""Number of flip-flops of a design before technology mapping: the load of its clock."""

import re
from collections import Counter
from functools import lru_cache
from importlib import metadata

from amaranth.back import rtlil  # type: ignore[attr-defined]

from tospike.gen.emit.verilog import collector_paused, ports_of
from tospike.hw.accelerator import Accelerator
from tospike.hw.host.layout import engine_layout
from tospike.hw.params import AcceleratorParams, EngineParams

HOST = "host"
"""Name of everything outside the engines: ports, register file, the counter of cycles."""

_MODULE = re.compile(r"^module \\(\S+)|^  cell \$dff .*\n    parameter \\WIDTH (\d+)", re.MULTILINE)
_ENGINE = re.compile(r"\.(engine_\d+)(?:\.|$)")


@lru_cache(maxsize=64)
def register_bits(params: AcceleratorParams) -> dict[str, int]:
    """Return the flip-flops of the host port and of each engine, ``engine_0`` and so on, without performance counters.

    Counters only measure, so that a design is charged as if it were built without them (``--counters none``), whether
    or not it is. Counted in Amaranth's RTLIL, before synthesis removes or merges any, without memories.
    """
    params = params.without_extras()
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
            engine = _ENGINE.search(module)
            part = engine[1] if engine else HOST
        else:
            bits[part] += int(width)
    return dict(bits)


class SharedRegisters:
    """`register_bits` of many chains of the same engines, as placements of one network are."""

    def __init__(self) -> None:
        self._bits: dict[EngineParams | tuple[object, ...], int] = {}

    def bits(self, params: AcceleratorParams) -> dict[str, int]:
        """Return the flip-flops of a chain; it is built only if one of its engines, or its ends, have not been yet."""
        first, last = params.engines[0], params.engines[-1]
        ends = (params.host_input, params.input, first.takes, params.unused_inputs)
        host = (*ends, params.host_output, params.output, last.sends, params.output_image)
        parts = {HOST: host} | {f"engine_{number}": engine for number, engine in enumerate(params.engines)}
        if any(part not in self._bits for part in parts.values()):
            built = register_bits(params)
            self._bits |= {part: built[name] for name, part in parts.items()}
        return {name: self._bits[part] for name, part in parts.items()}
