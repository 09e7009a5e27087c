"""Sinabs 2.0 and 3.1: IAF, LIF and ExpLeak with their spike functions, resets and lower bounds, by ``to_nir``."""

from functools import partial

import common
import sinabs.activation as sa
import sinabs.layers as sl
import torch
from sinabs.nir import to_nir


def run(case, first, last, size):
    """Two layers, the whole of each sample at once."""
    a, b = common.linear(64, common.HIDDEN, size, 1), common.linear(common.HIDDEN, common.OUTPUTS, size / 2, 2)
    cells = first(), last()
    given = torch.from_numpy(common.spikes()).float()
    sent = cells[0](a(given))
    out = cells[1](b(sent))
    net = torch.nn.Sequential(a, cells[0], b, cells[1])
    case.write(to_nir(net, given[:1]), [sent.detach().numpy(), out.detach().numpy()])


iaf, lif, leak = sl.IAF, partial(sl.LIF, tau_mem=5.0), partial(sl.ExpLeak, tau_mem=8.0)
single = {"spike_fn": sa.SingleSpike}
zero = {"reset_fn": sa.MembraneReset()}
plain = partial(lif, norm_input=False)
CASES = {
    "iaf": partial(run, first=iaf, last=iaf, size=1),
    "iaf-single": partial(run, first=partial(iaf, **single), last=partial(iaf, **single), size=1),
    "iaf-zero": partial(run, first=partial(iaf, **zero), last=partial(iaf, **zero), size=1),
    "iaf-max3": partial(
        run,
        first=partial(iaf, spike_fn=sa.MaxSpike(max_num_spikes_per_bin=3)),
        last=partial(iaf, spike_fn=sa.MaxSpike(max_num_spikes_per_bin=3)),
        size=4,
    ),
    "iaf-min": partial(run, first=partial(iaf, min_v_mem=-0.5), last=partial(iaf, min_v_mem=-0.5), size=1),
    "iaf-single-min": partial(
        run, first=partial(iaf, min_v_mem=-0.2, **single), last=partial(iaf, min_v_mem=-0.2, **single), size=1
    ),
    "lif": partial(run, first=lif, last=lif, size=6),
    "lif-plain": partial(run, first=plain, last=plain, size=1.5),
    "lif-plain-single": partial(run, first=partial(plain, **single), last=partial(plain, **single), size=1.5),
    "lif-plain-min": partial(run, first=partial(plain, min_v_mem=-0.3), last=partial(plain, min_v_mem=-0.3), size=1.5),
    "lif-zero": partial(run, first=partial(lif, **zero), last=partial(lif, **zero), size=6),
    "iaf-expleak": partial(run, first=iaf, last=leak, size=1),
    "lif-expleak": partial(run, first=lif, last=leak, size=6),
    "lif-expleak-norm": partial(run, first=lif, last=partial(leak, norm_input=True), size=6),
    "iaf-expleak-min": partial(run, first=partial(iaf, min_v_mem=-0.3), last=partial(leak, min_v_mem=-0.3), size=1),
    "lif-alphas": partial(run, first=partial(lif, train_alphas=True), last=lif, size=6),
    "lif-synaptic": partial(run, first=partial(lif, tau_syn=3.0), last=lif, size=6),
}

if __name__ == "__main__":
    with torch.no_grad():
        common.main(CASES)
