"""Write the folder ``driver`` of a design."""

from collections.abc import Mapping, Sequence
from functools import reduce
from importlib import resources
from operator import or_

import jinja2

from tospike.gen.driver.header import regs_header
from tospike.gen.driver.interface import Interface
from tospike.gen.driver.svd import svd
from tospike.hw.host.layout import MAGIC, Register
from tospike.hw.host.register_map import ERRORS, FIXED_REGISTERS, STREAM_REGISTERS
from tospike.hw.layout import INDEX_BITS
from tospike.hw.params import WORD_ADDRESS, WORD_KIND, WORD_PAYLOAD, TokenKind

DRIVER = "driver"
"""The folder."""
HEADER, SOURCE, DRIVER_HEADER = f"{DRIVER}/regs.h", f"{DRIVER}/tospike.c", f"{DRIVER}/tospike.h"

WEIGHTS_HEADER = f"{DRIVER}/weights.h"


def svd_path(name: str) -> str:
    """Return the path of a design's SVD file."""
    return f"{DRIVER}/{name}.svd"


def driver_files(interface: Interface, *, origin: str, licence: Sequence[str]) -> dict[str, str]:
    """Return the contents by path: the header, the driver in C, and the SVD.

    Parameters
    ----------
    origin
        A line on what the design was generated from.
    licence
        Lines for the top of each file.
    """
    values = {
        "licence": licence,
        "prefix": interface.prefix,
        "registers": [r for r in interface.registers if r.is_constant] + [*FIXED_REGISTERS, *STREAM_REGISTERS],
        "first_counter": Register.COUNTER,
        "magic": MAGIC,
        "errors": reduce(or_, (error.mask for error in ERRORS)),
        "index_bits": INDEX_BITS,
        **{"address_low": WORD_ADDRESS[0], "address_mask": (1 << WORD_ADDRESS[1]) - 1},
        **{"payload_low": WORD_PAYLOAD[0], "payload_mask": (1 << WORD_PAYLOAD[1]) - 1},
        **{"kind_low": WORD_KIND[0], "tick": int(TokenKind.TICK), "end": int(TokenKind.END)},
    }
    return {
        HEADER: regs_header(interface, origin=[f"Registers of {interface.name}.", origin, *licence]),
        DRIVER_HEADER: render("tospike.h.j2", values),
        SOURCE: render("tospike.c.j2", values),
        svd_path(interface.name): svd(interface, origin=origin),
    }


def render(name: str, values: Mapping[str, object]) -> str:
    """Render a template of this package."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    source = (resources.files("tospike.gen.driver") / "templates" / name).read_text(encoding="utf-8")
    return environment.from_string(source).render(values)
