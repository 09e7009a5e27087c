"""A wrapper with four pins around a design, so that any number of ports fits any package.

Inputs come from a shift register. Each input bit is the registered exclusive or of two of its bits, because a plain
shift register could be merged with the operand registers of an array. Outputs are registered and reduced to one bit by
a pipelined tree of exclusive ors. Every path of the design thus ends in registers next to it, and no part of the design
can be optimised away. The wrapper has no clock enable and no other net of high fan-out, so it does not limit the
clock. The design keeps its hierarchy, and its figures exclude the wrapper's cells. The reset comes directly from its
pin, so its paths are not timed: a board holds it for many cycles.
"""

import re

from tospike.synth.design import Design, Port

WRAPPER = "tospike_pins"
"""Name of the wrapper's module."""

_MIX = 7
"""Distance in the shift register between the two bits of an input bit."""
_TREE = 4
"""Fan-in of the output tree: one LUT."""


def wrap(design: Design) -> str:
    """Return the Verilog of a module :data:`WRAPPER` around ``design``, with the pins clk, rst, si and so."""
    inputs, outputs = design.input_bits, design.output_bits
    shift = max(inputs, 2 * _MIX + 1)
    lines = [
        f"module {WRAPPER}(input clk, input rst, input si, output so);",
        f"  reg [{shift - 1}:0] shift = 0;",
        f"  always @(posedge clk) shift <= {{shift[{shift - 2}:0], si}};",
    ]
    if inputs:
        rotated = f"{{shift[{_MIX - 1}:0], shift[{shift - 1}:{_MIX}]}}"
        lines += [
            f"  wire [{shift - 1}:0] mixed = shift ^ {rotated};",
            f"  reg [{inputs - 1}:0] stimulus = 0;",
            f"  always @(posedge clk) stimulus <= mixed[{inputs - 1}:0];",
        ]
    lines += [
        f"  wire [{outputs - 1}:0] response;",
        f"  reg [{outputs - 1}:0] level0 = 0;",
        "  always @(posedge clk) level0 <= response;",
        *_tree(outputs),
        f"  (* keep_hierarchy *) {_escape(design.top)} design (",
        *_connections(design),
        "  );",
        "endmodule",
        "",
    ]
    return "\n".join(lines)


def _tree(width: int) -> list[str]:
    lines = []
    level = 0
    while width > 1:
        narrow = -(-width // _TREE)
        lines.append(f"  reg [{narrow - 1}:0] level{level + 1} = 0;")
        for index in range(narrow):
            high = min(width, (index + 1) * _TREE) - 1
            source = f"level{level}[{high}:{index * _TREE}]"
            lines.append(f"  always @(posedge clk) level{level + 1}[{index}] <= ^{source};")
        level, width = level + 1, narrow
    return [*lines, f"  assign so = level{level};"]


def _connections(design: Design) -> list[str]:
    pins = [f"    .{_escape(design.clock)}(clk)"]
    if design.reset is not None:
        pins.append(f"    .{_escape(design.reset)}(rst)")
    taken = {True: 0, False: 0}
    for port in design.ports:
        pins.append(f"    .{_escape(port.name)}({_slice(port, taken[port.is_input])})")
        taken[port.is_input] += port.width
    return [f"{pin}," for pin in pins[:-1]] + [pins[-1]]


def _slice(port: Port, low: int) -> str:
    return f"{'stimulus' if port.is_input else 'response'}[{low + port.width - 1}:{low}]"


def _escape(name: str) -> str:
    """Return ``name`` in Verilog; the blank ends an escaped identifier."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]*", name) else f"\\{name} "
