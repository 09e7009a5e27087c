"""Write what puts a design into a SoC: wrappers, the IP-XACT component, the LiteX module."""

from collections.abc import Sequence

from tospike.gen.driver.files import render
from tospike.gen.driver.interface import Interface
from tospike.gen.driver.ipxact import COMPONENT, component
from tospike.gen.driver.wrappers import AXI, WRAPPERS, has_narrow_streams, wrapper_files
from tospike.gen.emit.memory_files import MEMORIES
from tospike.gen.emit.verilog import Port

LITEX = f"{WRAPPERS}/tospike_core.py"


def soc_files(
    interface: Interface,
    ports: Sequence[Port],
    *,
    sources: Sequence[str],
    memories: Sequence[str],
    origin: str,
    licence: Sequence[str],
) -> dict[str, str]:
    """Return the contents by path.

    Parameters
    ----------
    ports
        Of the design, clock and reset first.
    sources
        The design's Verilog, by path in its folder.
    memories
        The memory files that it reads.
    origin
        A line on what the design was generated from.
    licence
        Lines for the top of each file.
    """
    top, header = interface.name, [origin, *licence]
    files = wrapper_files(interface, ports, header=header)
    wrapped = [*sources, f"{WRAPPERS}/{top}_{AXI}.v"]
    files[COMPONENT] = component(interface, ports, sources=wrapped, memories=memories)
    if has_narrow_streams(interface):
        values = {
            "top": top,
            "header": header,
            "about": f"Accelerator {top}.",
            "memories": MEMORIES,
            "source": sources[0],
            "config_hash": f"{interface.config_hash:016x}",
        }
        files[LITEX] = render("tospike_core.py.j2", values)
    return files
