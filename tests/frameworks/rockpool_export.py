"""Rockpool 3.1: LIFTorch, LIFNeuronTorch and ExpSynTorch by ``to_nir``."""

from functools import partial

import common
import torch
from rockpool.nn.combinators import Sequential
from rockpool.nn.modules import ExpSynTorch, LIFNeuronTorch, LIFTorch, LinearTorch
from rockpool.nn.modules.torch.nir import to_nir


def linear(inputs, outputs, size, seed):
    weight, bias = common.weights(inputs, outputs, size, seed)
    given = {"weight": torch.from_numpy(weight.T.copy()), "bias": torch.from_numpy(bias)}
    return LinearTorch((inputs, outputs), has_bias=True, **given)


def run(case, first, last, size):
    """Two layers, the whole of each sample at once."""
    a, b = linear(64, common.HIDDEN, size, 1), linear(common.HIDDEN, common.OUTPUTS, size, 2)
    cells = first(common.HIDDEN), last(common.OUTPUTS)
    given = torch.from_numpy(common.spikes()).float()
    sent = cells[0](a(given)[0])[0]
    out = cells[1](b(sent)[0])[0]
    net = Sequential(a, cells[0], b, cells[1])
    case.write(to_nir(net, given[:1]), [sent.detach().numpy(), out.detach().numpy()])


single = partial(LIFTorch, max_spikes_per_dt=torch.tensor(1.0))
slow = partial(LIFTorch, tau_mem=0.01, tau_syn=0.005, threshold=0.5)
CASES = {
    "lif": partial(run, first=LIFTorch, last=LIFTorch, size=0.2),
    "lif-taus": partial(run, first=slow, last=slow, size=0.2),
    "lif-single": partial(run, first=single, last=single, size=0.1),
    "neuron": partial(run, first=LIFNeuronTorch, last=LIFNeuronTorch, size=1),
    "lif-expsyn": partial(run, first=LIFTorch, last=ExpSynTorch, size=0.2),
}

if __name__ == "__main__":
    with torch.no_grad():
        common.main(CASES)
