"""Descriptions of the ports of an accelerator. Plain Python, no Amaranth."""

from tospike.hw.params import AcceleratorParams, HostInput, HostOutput

INTERRUPT = "irq"
"""The port of the interrupt, which only a processor needs."""
_STREAM = {"tdata": "", "tlast": ", the last beat", "tvalid": ", valid", "tready": ", ready"}
_LITE = {
    "awaddr": "write address, in bytes",
    "awprot": "ignored",
    "awvalid": "write address valid",
    "awready": "write address ready",
    "wdata": "write data",
    "wstrb": "byte strobes: all four, or the write is refused",
    "wvalid": "write data valid",
    "wready": "write data ready",
    "bresp": "write response: 0 OKAY, 2 SLVERR",
    "bvalid": "write response valid",
    "bready": "write response ready",
    "araddr": "read address, in bytes",
    "arprot": "ignored",
    "arvalid": "read address valid",
    "arready": "read address ready",
    "rdata": "read data",
    "rresp": "read response: 0 OKAY, 2 SLVERR",
    "rvalid": "read data valid",
    "rready": "read data ready",
}
_INPUT = {
    HostInput.DENSE: "frames in, 4 values of 8 bits",
    HostInput.TOKENS: "tokens in",
    HostInput.EVENTS: "recordings in, time stamps and addresses",
}
_OUTPUT = {
    HostOutput.DENSE: "frames out, a value of 32 bits",
    HostOutput.TOKENS: "tokens out",
    HostOutput.ARGMAX: "classes out, one of 32 bits",
    HostOutput.FIRST_SPIKE: "classes out, one of 32 bits",
    HostOutput.EARLY: "classes out, one of 32 bits",
}


def port_meanings(params: AcceleratorParams) -> dict[str, str]:
    """Return a short description of each port, by its name in the Verilog."""
    packed = params.packed_output
    streams = {
        "s_axis": _INPUT[params.host_input] if params.host_bits is None else "frames in, values side by side",
        "m_axis": _OUTPUT[params.host_output] if packed is None else f"frames out, {packed.lanes} values of 32 bits",
        "s_axis_weights": "weights in, in the order of use",
    }
    return {
        "clk": "everything happens at its rising edge",
        "rst": "reset, synchronous, active high",
        **{f"{name}_{port}": f"{what}{rest}" for name, what in streams.items() for port, rest in _STREAM.items()},
        INTERRUPT: "interrupt, high until its causes are cleared in interrupt_status",
        **{f"s_axi_{port}": f"registers: {what}" for port, what in _LITE.items()},
    }
