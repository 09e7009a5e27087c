"""Norse 1.1: LIFBoxCell, LIFCell, LIBoxCell and IAFCell as ``to_nir`` writes them, and files that ``from_nir`` runs."""

from functools import partial

import common
import nir
import norse.torch as norse
import numpy as np
import torch
from norse.torch.functional.reset import reset_subtract
from norse.torch.module.iaf import IAFCell, IAFParameters
from norse.torch.module.leaky_integrator_box import LIBoxCell, LIBoxParameters


def full(size, value):
    return torch.full((size,), value)


def lif_box(size, v_leak=0.0, tau_mem_inv=200.0, **more):
    taken = norse.LIFBoxParameters(
        full(size, tau_mem_inv), full(size, v_leak), full(size, 1.0), full(size, 0.0), **more
    )
    return norse.LIFBoxCell(taken)


def lif(size, v_leak=0.0):
    return norse.LIFCell(
        norse.LIFParameters(full(size, 300.0), full(size, 250.0), full(size, v_leak), full(size, 1.0), full(size, 0.0))
    )


def li_box(size, v_leak=0.0):
    return LIBoxCell(LIBoxParameters(full(size, 100.0), full(size, v_leak)))


def iaf(size):
    return IAFCell(IAFParameters(full(size, 1.0), full(size, 0.0)))


def run(case, first, last, size):
    """Two layers, step by step."""
    a, b = common.linear(64, common.HIDDEN, size, 1), common.linear(common.HIDDEN, common.OUTPUTS, size, 2)
    cells, states, records = (first(common.HIDDEN), last(common.OUTPUTS)), [None, None], []
    for step in torch.from_numpy(common.spikes()).float().swapaxes(0, 1):
        sent, states[0] = cells[0](a(step), states[0])
        out, states[1] = cells[1](b(sent), states[1])
        records.append([sent, out])
    net = norse.SequentialState(a, cells[0], b, cells[1])
    case.write(norse.to_nir(net, torch.zeros(1, 64)), common.stacked(records))


def run_nir(case, node):
    """A file with time constants in seconds, run by ``from_nir``."""
    a = common.linear(64, common.HIDDEN, 4, 1)
    graph = nir.NIRGraph(
        {
            "input": nir.Input({"input": np.array([64])}),
            "a": nir.Affine(a.weight.detach().numpy(), a.bias.detach().numpy()),
            "n": node,
            "output": nir.Output({"output": np.array([common.HIDDEN])}),
        },
        [("input", "a"), ("a", "n"), ("n", "output")],
    )
    net, state, records = norse.from_nir(graph), None, []
    for step in torch.from_numpy(common.spikes()).float().swapaxes(0, 1):
        sent, state = net(step, state)
        records.append([sent])
    case.write(graph, common.stacked(records))


def ones(value):
    return np.full(common.HIDDEN, value, np.float32)


CASES = {
    "lifbox": partial(run, first=lif_box, last=lif_box, size=6),
    "lifbox-leak": partial(run, first=partial(lif_box, v_leak=0.5), last=partial(lif_box, v_leak=0.25), size=6),
    "lifbox-subtract": partial(
        run,
        first=partial(lif_box, reset_method=reset_subtract),
        last=partial(lif_box, reset_method=reset_subtract),
        size=6,
    ),
    "lif": partial(run, first=lif, last=lif, size=2),
    "lif-leak": partial(run, first=partial(lif, v_leak=0.5), last=partial(lif, v_leak=0.25), size=2),
    "lifbox-libox": partial(run, first=lif_box, last=partial(li_box, v_leak=0.3), size=6),
    "iaf": partial(run, first=iaf, last=iaf, size=0.4),
    "lif-libox": partial(run, first=lif, last=li_box, size=2),
    "nir-lif": partial(
        run_nir,
        node=nir.LIF(tau=ones(5e-3), r=ones(1), v_leak=ones(0), v_threshold=ones(1), v_reset=ones(0)),
    ),
    "nir-cubalif": partial(
        run_nir,
        node=nir.CubaLIF(
            tau_syn=ones(4e-3), tau_mem=ones(5e-3), r=ones(1), v_leak=ones(0), v_threshold=ones(0.5), w_in=ones(1.5),
            v_reset=ones(0),
        ),
    ),
}  # fmt: skip

if __name__ == "__main__":
    with torch.no_grad():
        common.main(CASES)
