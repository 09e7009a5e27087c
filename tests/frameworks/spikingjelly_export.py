"""SpikingJelly 2.0: IFNode, LIFNode, ParametricLIFNode and CUBALIFNode, by ``export_to_nir``."""

from functools import partial

import common
import torch
from spikingjelly.activation_based import functional, neuron
from spikingjelly.activation_based.nir_exchange import export_to_nir


def run(case, make, size, dt=1e-4):
    """Two layers, step by step."""
    a, b = common.linear(64, common.HIDDEN, size, 1), common.linear(common.HIDDEN, common.OUTPUTS, size, 2)
    net = torch.nn.Sequential(a, make(), b, make())
    records = []
    for step in torch.from_numpy(common.spikes()).float().swapaxes(0, 1):
        sent = net[1](a(step))
        records.append([sent, net[3](b(sent))])
    functional.reset_net(net)
    case.write(export_to_nir(net, torch.zeros(1, 64), dt=dt), common.stacked(records))


CASES = {
    "if": partial(run, make=neuron.IFNode, size=0.5),
    "if-reset": partial(run, make=partial(neuron.IFNode, v_reset=-0.25), size=0.5),
    "if-soft": partial(run, make=partial(neuron.IFNode, v_reset=None), size=0.5),
    "if-dt": partial(run, make=neuron.IFNode, size=0.5, dt=1e-3),
    "lif": partial(run, make=partial(neuron.LIFNode, tau=3.0), size=4),
    "lif-reset": partial(run, make=partial(neuron.LIFNode, tau=3.0, v_reset=0.25), size=4),
    "lif-plain": partial(run, make=partial(neuron.LIFNode, tau=3.0, decay_input=False), size=1),
    "lif-plain-reset": partial(run, make=partial(neuron.LIFNode, tau=3.0, decay_input=False, v_reset=-0.5), size=1),
    "lif-soft": partial(run, make=partial(neuron.LIFNode, v_reset=None), size=4),
    "plif": partial(run, make=partial(neuron.ParametricLIFNode, init_tau=4.0), size=4),
    "cubalif": partial(run, make=neuron.CUBALIFNode, size=0.6),
    "cubalif-reset": partial(run, make=partial(neuron.CUBALIFNode, v_reset=0.1), size=0.6),
}

if __name__ == "__main__":
    with torch.no_grad():
        common.main(CASES)
