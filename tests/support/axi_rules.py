"""Rules of AXI4-Lite and AXI4-Stream as assertions, after the property sets of ARM's protocol assertions and ZipCPU's
``faxil_slave`` and ``faxis_master``.

Each takes a check, ``Assert`` for the port that is to be proven and ``Assume`` for the one in front of it.
"""

from amaranth.hdl import *

CHANNELS = {  # valid, ready, payload; of the manager, then of the subordinate
    "aw": ("awvalid", "awready", ("awaddr", "awprot")),
    "w": ("wvalid", "wready", ("wdata", "wstrb")),
    "ar": ("arvalid", "arready", ("araddr", "arprot")),
    "b": ("bvalid", "bready", ("bresp",)),
    "r": ("rvalid", "rready", ("rdata", "rresp")),
}
STREAM = ("tvalid", "tready", ("tdata", "tlast"))


def channel(port, names):
    valid, ready, payload = names
    return getattr(port, valid), getattr(port, ready), Cat(getattr(port, name) for name in payload)


def before(m, value, name):
    """The value a cycle ago, reset or not."""
    register = Signal(Value.cast(value).shape(), name=name, reset_less=True)
    m.d.sync += register.eq(value)
    return register


def keeps(m, port, names, check, name, *, unless=None):
    """What is valid stays, as it is, until the transfer, or until ``unless`` or a reset; after a reset nothing is."""
    valid, ready, payload = channel(port, names)
    waits = before(m, valid & ~ready & ~ResetSignal(), f"{name}_waits")
    payload_before = before(m, payload, f"{name}_before")
    begins = before(m, ResetSignal(), f"{name}_begins")
    with m.If(begins):
        m.d.comb += check(~valid)
    with m.Elif(waits if unless is None else waits & ~unless):
        m.d.comb += check(valid & (payload == payload_before))


def outstanding(m, requests, answers, name):
    """How many requests were taken that have not been answered."""
    count = Signal(range(4), name=f"{name}_outstanding")
    m.d.sync += count.eq(count + requests - answers)
    return count


def answers_each_once(m, port, check, *, requests=None):
    """One response for each write and each read, none before the request was taken. At most one of each is taken
    before; where the manager is to be proven, ``requests`` checks that it does not ask for more."""
    taken = {name: port_valid & port_ready for name, (port_valid, port_ready, _) in _channels(port).items()}
    addresses = outstanding(m, taken["aw"], taken["b"], "aw")
    data = outstanding(m, taken["w"], taken["b"], "w")
    reads = outstanding(m, taken["ar"], taken["r"], "ar")
    m.d.comb += [
        (requests or check)((addresses <= 1) & (data <= 1) & (reads <= 1)),
        check(~port.bvalid | ((addresses == 1) & (data == 1))),
        check(~port.rvalid | (reads == 1)),
    ]
    return addresses, reads


def within(m, pending, answer, cycles, check, name):
    """While something is pending there is an answer after at most so many cycles."""
    waited = Signal(range(cycles + 2), name=f"{name}_waited")
    m.d.sync += waited.eq(Mux(pending & ~answer, waited + 1, 0))
    m.d.comb += check(waited <= cycles)


def _channels(port):
    return {name: channel(port, names) for name, names in CHANNELS.items()}


def does_not_wait(m, twins, names, name):
    """Whether something is valid, and what, does not hang on ``ready`` of the same cycle, so no loop can be closed.

    The twins are two of the same kind whose inputs are the same but for their ``ready``, and that only once.
    """
    differs = Signal(name=f"{name}_differs")
    differed = Signal(name=f"{name}_differed")
    ports = [channel(twin, names) for twin in twins]
    m.d.sync += differed.eq(differed | differs)
    m.d.comb += differs.eq(ports[0][1] ^ ports[1][1])
    with m.If(~differed):
        m.d.comb += Assert((ports[0][0] == ports[1][0]) & (~ports[0][0] | (ports[0][2] == ports[1][2])))
