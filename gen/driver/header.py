"""Write the registers and sizes of a design as a header for C and C++."""

from collections.abc import Sequence

from tospike.gen.driver.interface import Interface, comment, macro_name
from tospike.hw.host.layout import Region
from tospike.hw.host.register_map import HostRegister


def regs_header(interface: Interface, *, origin: Sequence[str]) -> str:
    """Return ``regs.h``: only macros, prefixed with the design's name, so that a program can include several designs.

    Parameters
    ----------
    origin
        Lines at the top.
    """
    prefix = interface.prefix
    lines = [
        "/*",
        *(f" * {comment(line)}".rstrip() for line in origin),
        " *",
        " * Offsets are in bytes. NAME_VALUE is the value of a constant register, NAME_MASK a field's bits in place,",
        " * NAME_SHIFT its lowest bit.",
        " */",
        f"#ifndef {prefix}_REGS_H",
        f"#define {prefix}_REGS_H",
        "",
    ]
    lines += [f"#define {prefix}_{name} {value}u /* {comment(meaning)} */" for name, value, meaning in interface.sizes]
    lines += ["", "/* Initialiser of a struct tospike_design. */"]
    lines += [f"#define {prefix}_DESIGN {_braced(interface.design)}"]
    for register in interface.all_registers:
        lines += ["", *_register(prefix, register)]
    if interface.regions:
        lines += ["", "/* Memories: initialisers of a struct tospike_memory: region, bits of a word, words. */"]
        lines += [_memory(prefix, region) for region in interface.regions]
    return "\n".join([*lines, "", f"#endif /* {prefix}_REGS_H */", ""])


def _register(prefix: str, register: HostRegister) -> list[str]:
    own = f"{prefix}_{macro_name(register.name)}"
    lines = [
        f"/* {register.access}. {comment(register.meaning)} */",
        f"#define {own} 0x{register.offset:03x}u",
    ]
    if register.is_constant:
        lines.append(f"#define {own}_VALUE 0x{register.reset:08x}u")
    for field in register.fields:
        macro = f"{own}_{macro_name(field.name)}"
        lines += [
            f"#define {macro}_MASK 0x{field.mask:08x}u /* {comment(field.meaning)} */",
            f"#define {macro}_SHIFT {field.low}u",
        ]
    return lines


def _memory(prefix: str, region: Region) -> str:
    shape = region.shape
    macro = f"{prefix}_REGION_{region.engine}_{macro_name(shape.name)}_MEMORY"
    return f"#define {macro} {_braced((region.number, shape.width, shape.depth))}"


def _braced(values: Sequence[int]) -> str:
    return "{" + ", ".join(f"{value}u" for value in values) + "}"
