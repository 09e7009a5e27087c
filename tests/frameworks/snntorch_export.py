"""snnTorch 1.0: Leaky, Synaptic, RLeaky and RSynaptic with each reset mechanism, delayed or not."""

from functools import partial

import common
import snntorch as snn
import torch
from snntorch.export_nir import export_to_nir


def neuron(kind, size, **options):
    """A layer of neurons; each its own beta and threshold in the last one."""
    beta = torch.linspace(0.6, 0.95, size) if options.pop("each", False) else torch.tensor(0.9)
    more = {"init_hidden": True, "threshold": torch.ones(size), **options}
    if kind in (snn.Synaptic, snn.RSynaptic):
        more["alpha"] = torch.full((size,), 0.7)
    beta = beta * torch.ones(size)
    if kind in (snn.RLeaky, snn.RSynaptic):
        made = kind(beta=beta, linear_features=size, **more)
        made.recurrent = common.linear(size, size, 0.8, 11)
        return made
    return kind(beta=beta, **more)


def run(case, kind, **options):
    """Two layers, step by step as snnTorch runs them."""
    size = 1.0 if kind in (snn.Leaky, snn.RLeaky) else 0.5
    first, last = neuron(kind, common.HIDDEN, **options), neuron(kind, common.OUTPUTS, each=True, **options)
    a, b = common.linear(64, common.HIDDEN, size, 1), common.linear(common.HIDDEN, common.OUTPUTS, size, 2)
    records = []
    for step in torch.from_numpy(common.spikes()).float().swapaxes(0, 1):
        sent = first(a(step))
        records.append([sent, last(b(sent))])
    net = torch.nn.Sequential(a, first, b, last)
    case.write(export_to_nir(net, torch.zeros(1, 64), ignore_dims=[0]), common.stacked(records))


def stateful(case, kind, **options):
    """Hidden states passed by the caller, as most tutorials do: what ``RSynaptic`` needs without delay."""
    options["init_hidden"] = False
    first, last = neuron(kind, common.HIDDEN, **options), neuron(kind, common.OUTPUTS, **options)
    a, b = common.linear(64, common.HIDDEN, 0.5, 1), common.linear(common.HIDDEN, common.OUTPUTS, 0.5, 2)
    records, states = [], [[torch.zeros(common.SAMPLES, n)] * 3 for n in (common.HIDDEN, common.OUTPUTS)]
    for step in torch.from_numpy(common.spikes()).float().swapaxes(0, 1):
        sent, states[0] = step, states[0]
        outs = []
        for index, (weights, cell) in enumerate(((a, first), (b, last))):
            states[index] = list(cell(weights(sent), *states[index]))
            sent = states[index][0]
            outs.append(sent)
        records.append(outs)
    for cell in (first, last):
        cell.init_hidden = True
        cell.reset_delay = True  # the exporter traces a call without states, which fails otherwise
        cell.reset_mem()
    net = torch.nn.Sequential(a, first, b, last)
    case.write(export_to_nir(net, torch.zeros(1, 64), ignore_dims=[0]), common.stacked(records))


KINDS = {"leaky": snn.Leaky, "synaptic": snn.Synaptic, "rleaky": snn.RLeaky, "rsynaptic": snn.RSynaptic}
RESETS = {
    "subtract-delayed": {},  # the default
    "subtract": {"reset_delay": False},
    "zero-delayed": {"reset_mechanism": "zero"},
    "zero": {"reset_mechanism": "zero", "reset_delay": False},
    "none": {"reset_mechanism": "none"},
}
CASES = {f"{k}-{r}": partial(run, kind=kind, **options) for k, kind in KINDS.items() for r, options in RESETS.items()}
CASES |= {
    "leaky-beta-1": lambda case: run_beta_one(case),
    "lapicque": partial(run, kind=snn.Lapicque),
    "rsynaptic-subtract-states": partial(stateful, kind=snn.RSynaptic, reset_delay=False),
    "rsynaptic-zero-states": partial(stateful, kind=snn.RSynaptic, reset_delay=False, reset_mechanism="zero"),
}


def run_beta_one(case):
    """No leak: snnTorch writes infinite time constants."""
    first = snn.Leaky(beta=torch.ones(common.HIDDEN), init_hidden=True, threshold=torch.ones(common.HIDDEN))
    a = common.linear(64, common.HIDDEN, 0.3, 1)
    records = [[first(a(step))] for step in torch.from_numpy(common.spikes()).float().swapaxes(0, 1)]
    case.write(
        export_to_nir(torch.nn.Sequential(a, first), torch.zeros(1, 64), ignore_dims=[0]), common.stacked(records)
    )


if __name__ == "__main__":
    with torch.no_grad():
        common.main(CASES)
