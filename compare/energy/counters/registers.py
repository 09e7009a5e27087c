"""Number of flip-flops of a design before technology mapping: the load of its clock."""

import re
from collections import Counter
from functools import lru_cache
from importlib import metadata

from amaranth.back import rtlil  # type: ignore[attr-defined]

from tospike.gen.emit.verilog import ports_of
from tospike.hw.accelerator import Accelerator
from tospike.hw.host.layout import engine_layout
from tospike.hw.params import AcceleratorParams

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
    params = params.without_counters()
    # memory contents do not affect the flip-flops
    empty = [{shape.name: (0,) for shape in engine_layout(engine).memories(engine)} for engine in params.engines]
    component = Accelerator(params, empty, version=metadata.version("tospike"), config_hash=0)
    ports = {port.name: (value, None) for value, port in ports_of(component).values()}
    bits: Counter[str] = Counter({HOST: 0, **{f"engine_{n}": 0 for n in range(len(params.engines))}})
    part = HOST
    for module, width in _MODULE.findall(rtlil.convert(component, name="top", ports=ports, emit_src=False)):
        if module:
            engine = _ENGINE.search(module)
            part = engine[1] if engine else HOST
        else:
            bits[part] += int(width)
    return dict(bits)
