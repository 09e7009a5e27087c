"""Write the registers as a header for C and C++."""

import re
from collections.abc import Sequence

from tospike.hw.host.layout import Region
from tospike.hw.host.register_map import HostRegister


def regs_header(
    name: str, registers: Sequence[HostRegister], regions: Sequence[Region], *, origin: Sequence[str]
) -> str:
    """Return ``regs.h``: only macros, prefixed with the design's name, so that a program can include several designs.

    Parameters
    ----------
    name
        The design's name.
    registers
        From `tospike.hw.host.register_map.register_map`.
    regions
        The memories that can be written by CONFIG_ADDRESS.
    origin
        Lines at the top.
    """
    prefix = _macro(name)
    lines = [
        "/*",
        *(f" * {line}".rstrip() for line in origin),
        " *",
        " * Offsets are in bytes. NAME_VALUE is the value of a constant register, NAME_MASK a field's bits in place,",
        " * NAME_SHIFT its lowest bit.",
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
        lines += ["", "/* Memories: the region in CONFIG_ADDRESS, the bits of a word, and the number of words. */"]
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
