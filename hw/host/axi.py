"""The AXI signatures of the host port, from the manager's side, with the names of the AMBA specifications."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Axi4StreamSignature(wiring.Signature):
    """AXI4-Stream with TLAST, without TKEEP: every byte of a beat is valid."""

    def __init__(self, data_bits: int = 32):
        super().__init__({"tdata": Out(data_bits), "tlast": Out(1), "tvalid": Out(1), "tready": In(1)})


class Axi4LiteSignature(wiring.Signature):
    """AXI4-Lite with 32-bit data."""

    def __init__(self, address_bits: int):
        super().__init__(
            {
                "awaddr": Out(address_bits),
                "awprot": Out(3),
                "awvalid": Out(1),
                "awready": In(1),
                "wdata": Out(32),
                "wstrb": Out(4),
                "wvalid": Out(1),
                "wready": In(1),
                "bresp": In(2),
                "bvalid": In(1),
                "bready": Out(1),
                "araddr": Out(address_bits),
                "arprot": Out(3),
                "arvalid": Out(1),
                "arready": In(1),
                "rdata": In(32),
                "rresp": In(2),
                "rvalid": In(1),
                "rready": Out(1),
            }
        )


RESP_OKAY = 0
RESP_SLVERR = 2
