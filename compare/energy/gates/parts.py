"""The part of the energy that a module's gates belong to, by its name."""

import re

PARTS = {
    "mac": "multiply/accumulate",
    "neuron": "neurons, requantisation",
    "memories": "memories",
    "queues": "queues, buffers",
    "control": "control, counters, host",
    "clock": "clock",
    "leakage": "leakage",
}
"""The parts of an energy bar, and their labels."""

_MODULES = (
    (r"array|skew_.*|multiply|accumulate|accumulator", "mac"),
    (r"neuron.*|post|activate", "neuron"),
    (r"weights|bias|channels|layers|activations|results|counts|aux|decays|multipliers|buffer", "memories"),
    (r"(recurrent_)?(queue|serializer)|buffer_in|buffer_out|input|loader|output|reorder", "queues"),
)
_ENGINE = re.compile(r"engine_\d+\.([^.$]+)")


def part_of(path: str) -> str:
    """Return the part of a module such as ``engine_0.array``. Logic outside an engine's modules is control, including
    the host port."""
    match = _ENGINE.match(path)
    if match:
        for pattern, part in _MODULES:
            if re.fullmatch(pattern, match[1]):
                return part
    return "control"
