"""The update equations of the frameworks' neurons, each as its source has it, and the nodes that the exporters write.

Nothing here comes from tospike's own neuron.
"""

import nir
import numpy as np

DT = 1e-4
ALPHA, BETA = np.exp(-0.05), np.exp(-0.1)  # Rockpool's defaults: 20 and 10 ms in steps of 1 ms


def snntorch(x, beta=0.9, alpha=None, reset="subtract", delay=True, recurrent=None):
    """``Leaky``, ``Synaptic`` (alpha), ``RLeaky`` and ``RSynaptic`` (recurrent)."""
    mem, syn, spk, sent = np.zeros_like(x[:, 0]), np.zeros_like(x[:, 0]), np.zeros_like(x[:, 0]), []
    for step in x.swapaxes(0, 1):
        rst = (mem > 1).astype(float)
        given = step if recurrent is None else step + spk @ recurrent.T
        if reset == "zero" and alpha is None and recurrent is None:
            mem = (1 - rst) * mem
        syn = given if alpha is None else alpha * syn + given
        mem = beta * mem + syn
        if reset == "subtract":
            mem = mem - rst
        elif reset == "zero" and (alpha is not None or recurrent is not None):
            mem = mem - rst * mem
        spk = (mem > 1).astype(float)
        if not delay and reset != "none":
            again = spk - rst
            mem = mem - again * (1 if reset == "subtract" else mem)
        sent.append(spk)
    return np.stack(sent, axis=1)


def norse_box(x, tau_inv=200.0, leak=0.0, subtract=False, threshold=1.0):
    """``LIFBoxCell``; ``LIBoxCell`` with an infinite threshold gives its membranes."""
    v, sent = np.full_like(x[:, 0], leak), []
    for step in x.swapaxes(0, 1):
        v = v + 1e-3 * tau_inv * (step + leak - v)
        z = (v - threshold > 0).astype(float)
        sent.append(z if np.isfinite(threshold) else v)
        v = (1 - z) * v + z * (v - threshold if subtract else 0) if np.isfinite(threshold) else v
    return np.stack(sent, axis=1)


def norse_lif(x, syn_inv=300.0, mem_inv=250.0, leak=0.0):
    """``LIFCell``: what comes in is in the current at once, and the current decays after the membrane has it."""
    v, i, sent = np.full_like(x[:, 0], leak), np.zeros_like(x[:, 0]), []
    for step in x.swapaxes(0, 1):
        jumped = i + step
        v = v + 1e-3 * mem_inv * (leak - v + jumped)
        i = jumped - 1e-3 * syn_inv * jumped
        z = (v - 1 > 0).astype(float)
        v = (1 - z) * v
        sent.append(z)
    return np.stack(sent, axis=1)


def sinabs(x, tau=np.inf, norm=False, single=False, zero=False, least=None, spiking=True):
    """``IAF``, ``LIF`` and, not spiking, ``ExpLeak``."""
    alpha, v, sent = np.exp(-1 / tau), np.zeros_like(x[:, 0]), []
    for step in x.swapaxes(0, 1):
        v = alpha * v + ((1 - alpha) * step if norm else step)
        if not spiking:
            sent.append(v.copy())
        else:
            z = (v - 1 >= 0).astype(float) if single else (v > 0) * np.trunc(v)
            v = v * (z == 0) if zero else v - z
            sent.append(z)
        if least is not None:
            v = np.maximum(v - least, 0) + least
    return np.stack(sent, axis=1)


def spikingjelly(x, tau=np.inf, decay_input=True, reset=0.0):
    """``IFNode``, ``LIFNode`` and ``ParametricLIFNode``."""
    v, sent = np.full_like(x[:, 0], reset), []
    for step in x.swapaxes(0, 1):
        v = v + (reset - v) / tau + (step / tau if decay_input and np.isfinite(tau) else step)
        z = (v - 1 >= 0).astype(float)
        v = (1 - z) * v + z * reset
        sent.append(z)
    return np.stack(sent, axis=1)


def spikingjelly_cuba(x, c=0.5, d=0.75, threshold=0.5, reset=0.0):
    """``CUBALIFNode``."""
    v, i, sent = np.full_like(x[:, 0], reset), np.zeros_like(x[:, 0]), []
    for step in x.swapaxes(0, 1):
        i = i * c + step
        v = v * d + i
        z = (v - threshold >= 0).astype(float)
        v = (1 - z) * v + z * reset
        sent.append(z)
    return np.stack(sent, axis=1)


def rockpool(x, mem=ALPHA, syn=BETA, spiking=True):
    """``LIFTorch``; without ``syn`` ``LIFNeuronTorch``, not spiking ``ExpSynTorch``, whose input decays at once."""
    v, i, sent = np.zeros_like(x[:, 0]), np.zeros_like(x[:, 0]), []
    for step in x.swapaxes(0, 1):
        i = step if syn is None else syn * (i + step)
        v = mem * v + i
        z = np.where(v > 0, np.floor(v), 0)
        sent.append(z if spiking else i)
        v = v - z
    return np.stack(sent, axis=1)


def lava(x, mem=0.875, syn=0.5):
    """``lava.proc.lif`` in floating point: a spike if the membrane is above the threshold, not at it."""
    v, i, sent = np.zeros_like(x[:, 0]), np.zeros_like(x[:, 0]), []
    for step in x.swapaxes(0, 1):
        i = syn * i + step
        v = mem * v + i
        z = (v > 1).astype(float)
        v = v * (1 - z)
        sent.append(z)
    return np.stack(sent, axis=1)


def spyx(x, beta=0.8, alpha=None):
    """``LIF`` and ``CuBaLIF``, whose spikes, from the membrane of the step before, are moved to that step."""
    v, i, sent = np.zeros_like(x[:, 0]), np.zeros_like(x[:, 0]), []
    for step in x.swapaxes(0, 1):
        z = (v > 1).astype(float)
        if alpha is None:
            v = beta * v + step - z
        else:
            i = alpha * i + step
            v = beta * (v - z) + i
        sent.append((v > 1).astype(float))
    return np.stack(sent, axis=1)


def full(size, value):
    return np.full(size, value, np.float32)


# What the exporters write, for so many neurons.


def leaky(size, beta=0.9):
    tau = DT / (1 - beta)
    return nir.LIF(full(size, tau), full(size, tau / DT), full(size, 0), full(size, 1), full(size, 0))


def synaptic(size, beta=0.9, alpha=0.7):
    tau, syn = DT / (1 - beta), DT / (1 - alpha)
    return nir.CubaLIF(
        full(size, syn),
        full(size, tau),
        full(size, tau / DT),
        full(size, 0),
        full(size, 1),
        full(size, 0),
        full(size, syn / DT),
    )


def norse_node(size, tau_inv=200.0, leak=0.0):
    return nir.LIF(full(size, 1e-3 / tau_inv), full(size, 1), full(size, leak), full(size, 1), full(size, 0))


def norse_li(size, tau_inv=100.0, leak=0.0):
    return nir.LI(full(size, 1e-3 / tau_inv), full(size, 1), full(size, leak))


def norse_cuba(size, leak=0.0):
    return nir.CubaLIF(
        full(size, 1e-3 / 300), full(size, 1e-3 / 250), full(size, 1), full(size, leak), full(size, 1), full(size, 0)
    )


def steps_lif(size):
    return nir.LIF(full(size, 5), full(size, 1), full(size, 0), full(size, 1), full(size, 0))


def steps_li(size):
    return nir.LI(full(size, 8), full(size, 1), full(size, 0))


def fires(size, r=1.0, reset=0.0):
    return nir.IF(full(size, r), full(size, 1), full(size, reset))


def jelly(size, r=1.0, reset=0.0):
    return nir.LIF(full(size, 3 * DT), full(size, r), full(size, reset), full(size, 1), full(size, reset))


def jelly_cuba(size, reset=0.0):
    return nir.CubaLIF(
        full(size, 2 * DT),
        full(size, 4 * DT),
        full(size, 4),
        full(size, 0),
        full(size, 0.5),
        full(size, reset),
        full(size, 2),
    )


def rockpool_cuba(size):
    return nir.CubaLIF(
        full(size, 0.01), full(size, 0.02), full(size, 20 * ALPHA), full(size, 0), full(size, 1), full(size, 0)
    )


def rockpool_lif(size):
    return nir.LIF(full(size, 0.02), full(size, 20 * ALPHA), full(size, 0), full(size, 1), full(size, 0))


def rockpool_synapse(size):
    return nir.LI(full(size, 0.01), full(size, 10 * BETA), full(size, 0))


def lava_cuba(size):
    return nir.CubaLIF(
        full(size, 2 * DT),
        full(size, 8 * DT),
        full(size, 8),
        full(size, 0),
        full(size, 1),
        full(size, 0),
        full(size, 2),
    )


def spyx_lif(size):
    return nir.LIF(full(size, 5), full(size, 0.8), full(size, 0), full(size, 1), full(size, 0))


def spyx_cuba(size):
    return nir.CubaLIF(full(size, 2), full(size, 5), full(size, 0.8), full(size, 0), full(size, 1), full(size, 0))
