"""Write registers as tables in Markdown."""

from collections.abc import Iterable, Sequence

from tospike.hw.host.register_map import HostRegister


def register_table(registers: Iterable[HostRegister], *, of_design: bool = True) -> str:
    """Return a table with a row per register.

    Parameters
    ----------
    of_design
        Whether to state constants, which differ between designs.
    """
    rows = [
        (f"`0x{r.offset:03x}`", r.name, r.access.value, _reset(r, of_design=of_design), r.meaning) for r in registers
    ]
    return _table(("offset", "register", "", "reads after reset", ""), rows)


def field_table(registers: Iterable[HostRegister]) -> str:
    """Return a table with a row per field of these registers."""
    rows = [
        (register.name, f"{field.high}..{field.low}" if field.width > 1 else str(field.low), field.name, field.meaning)
        for register in registers
        for field in register.fields
    ]
    return _table(("register", "bits", "field", ""), rows)


def _reset(register: HostRegister, *, of_design: bool) -> str:
    if register.is_constant and not of_design:
        return "constant"
    return f"`0x{register.reset:08x}`" if register.access.reads else ""


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(_row(line) for line in lines)


def _row(cells: Sequence[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell and cell != "---" else cell or " " for cell in cells) + "|\n"
