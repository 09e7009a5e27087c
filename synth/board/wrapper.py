"""A shell of four pins around a design, so that any number of ports fits any package.

Inputs come from a shift register, and each input bit is the exclusive or of two of its bits, registered: a
plain shift register could be merged with the operand registers of an array, which would hide them. Outputs are
registered and folded into one bit by a registered tree of exclusive ors. So every path of the design ends in
registers next to it and nothing of the design can be optimised away. The shell has no clock enable and no other
net of high fan-out, hence it is not what limits the clock. The design inside keeps its hierarchy, and the
shell's own cells are left out of its figures. The reset comes straight from its pin, so its paths are not timed:
a board holds it for many cycles.
"""

import re

from tospike.synth.design import Design, Port

WRAPPER = "tospike_pins"
"""Name of the shell's module."""

_MIX = 7
"""Distance between the two bits that make an input bit."""
_TREE = 4
"""Fan-in of the output tree: one LUT."""


def wrap(design: Design) -> str:
    """Return the Verilog of the shell around ``design``, a module :data:`WRAPPER` with the pins clk, rst, si and so."""
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
    """Return ``name`` as Verilog writes it; an escaped identifier ends with the blank."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]*", name) else f"\\{name} "
