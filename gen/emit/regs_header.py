"""The registers as a header for C and C++."""

import re
from collections.abc import Sequence

from tospike.hw.host.layout import Region
from tospike.hw.host.register_map import HostRegister


def regs_header(
    name: str, registers: Sequence[HostRegister], regions: Sequence[Region], *, origin: Sequence[str]
) -> str:
    """``regs.h``: macros alone, each beginning with the design's name, so that a program may know several designs.

    Parameters
    ----------
    name
        The design's.
    registers
        As `tospike.hw.host.register_map.register_map` gives them.
    regions
        The memories that CONFIG_ADDRESS reaches.
    origin
        Lines at the top.
    """
    prefix = _macro(name)
    lines = [
        "/*",
        *(f" * {line}".rstrip() for line in origin),
        " *",
        " * Offsets are in bytes. NAME_VALUE is what a constant register reads; NAME_MASK are a field's bits where",
        " * they are, NAME_SHIFT is the lowest.",
        " */",
        f"#ifndef {prefix}_REGS_H",
        f"#define {prefix}_REGS_H",
    ]
    for register in registers:
        own = f"{prefix}_{_macro(register.name)}"
        lines += [
            "",
            f"/* {register.access}. {_comment(register.meaning)} */",
            f"#define {own} 0x{register.offset:03x}u",
        ]
        if register.is_constant:
            lines.append(f"#define {own}_VALUE 0x{register.reset:08x}u")
        for field in register.fields:
            macro = f"{own}_{_macro(field.name)}"
            lines += [
                f"#define {macro}_MASK 0x{field.mask:08x}u /* {_comment(field.meaning)} */",
                f"#define {macro}_SHIFT {field.low}u",
            ]
    if regions:
        lines += ["", "/* Memories by the region in CONFIG_ADDRESS: bits of a word, and words. */"]
        for region in regions:
            macro = f"{prefix}_REGION_{region.engine}_{_macro(region.shape.name)}"
            lines += [
                f"#define {macro} {region.number}u",
                f"#define {macro}_WIDTH {region.shape.width}u",
                f"#define {macro}_DEPTH {region.shape.depth}u",
            ]
    return "\n".join([*lines, "", f"#endif /* {prefix}_REGS_H */", ""])


def _macro(name: str) -> str:
    return re.sub(r"\W", "_", name, flags=re.ASCII).upper()


def _comment(text: str) -> str:
    return text.replace("*/", "* /")
