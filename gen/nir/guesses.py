"""Settle options that neither the NIR file nor the user states: recognised from the file, or guessed and reported."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import nir
import numpy as np

from tospike.gen.nir.frameworks import CODING, EXPORTED_BY_NORSE, EXPORTED_BY_SINABS, Framework
from tospike.gen.nir.graph import Layer
from tospike.gen.nir.neurons import KINDS
from tospike.gen.nir.options import NirOptions
from tospike.hw.params import Reset


def settle(layers: Sequence[Layer], options: NirOptions) -> tuple[NirOptions, tuple[str, ...]]:
    """Return the options, settled from the layers where possible, and a line for each remaining guess."""
    if not options.guessed:
        return options, ()
    nodes = [layer.neuron[1] for layer in layers]
    options, recognised = _recognise(nodes, options)
    return options, (*recognised, *_guesses(nodes, options), *_coding(options))


def _recognise(nodes: Iterable[nir.NIRNode], options: NirOptions) -> tuple[NirOptions, tuple[str, ...]]:
    """Recognise exports of Norse and Sinabs, which write time constants in other units than they read."""
    taus = [
        np.asarray(getattr(node, name), dtype=np.float64)
        for node in nodes
        for name in ("tau", "tau_mem", "tau_syn")
        if hasattr(node, name) and np.asarray(getattr(node, name)).dtype.kind in "iuf"
    ]
    if "tau_unit" not in options.guessed or not taus or options.dt is None:
        return options, ()
    least, most = min(float(tau.min()) for tau in taus), max(float(tau.max()) for tau in taus)
    if options.framework is Framework.NORSE and 0 < least < options.dt:
        exported, rules = Framework.NORSE_EXPORT, EXPORTED_BY_NORSE
        why = f"a time constant of {least:g} is below dt, {options.dt:g} s: read as Norse's to_nir writes it, times dt"
    elif options.framework is Framework.SINABS and most >= 1:
        exported, rules = Framework.SINABS_EXPORT, EXPORTED_BY_SINABS
        why = f"a time constant of {most:g} is read as steps, as Sinabs' to_nir writes it"
    else:
        return options, ()
    guessed = {name: rules[name] for name in rules if name in options.guessed}
    return replace(options, **guessed), (  # type: ignore[arg-type]
        f"{why}; give --framework {exported.value} to confirm, or --dt if it is in seconds",
    )


def _guesses(nodes: Sequence[nir.NIRNode], options: NirOptions) -> tuple[str, ...]:
    kinds = [KINDS[type(node)] for node in nodes]
    spikes, leaks = any(kind.spikes for kind in kinds), any(kind.leaks for kind in kinds)
    synaptic = any(kind.synaptic for kind in kinds)
    matters = {"reset": spikes, "comparison": spikes, "spike_bits": spikes, "gain": leaks, "decay": leaks or synaptic}
    matters |= {"reset_timing": spikes and options.reset is not Reset.NONE}
    matters |= {"tau_unit": False, "synapse_gain": False}  # recognised from the file
    guessed = [name for name in options.guessed if name not in CODING and matters.get(name, True)]
    if not guessed:
        return ()
    assumed, give = _named(guessed, options)
    if options.framework is None:
        return (f"the file does not say all about its neurons: assumed {assumed}; give --framework, or {give}",)
    advice = _ADVICE.get(options.framework, "")
    whose = options.framework.value.split("-")[0]
    return (f"files of {whose} do not say all about their neurons: assumed {assumed}; {advice}give {give} for others",)


def _coding(options: NirOptions) -> tuple[str, ...]:
    """Return a line on the guessed encoding, if any."""
    guessed = [name for name in CODING if name in options.guessed]
    if not guessed:
        return ()
    assumed, give = _named(guessed, options)
    return (f"the file does not say how values become time steps: assumed {assumed}; give {give}",)


def _named(names: Sequence[str], options: NirOptions) -> tuple[str, str]:
    """Return the options with their values, and the flags that give them."""
    stated, dashed = options.describe(), [name.replace("_", "-") for name in names]
    values = ", ".join(f"{flag} {stated[name]}" for flag, name in zip(dashed, names, strict=True))
    return values, ", ".join(f"--{flag}" for flag in dashed)


_ADVICE = {
    Framework.SNNTORCH: (
        "a network trained with the defaults of Leaky or Synaptic needs --framework snntorch-subtract-delayed (or "
        "snntorch-subtract, snntorch-zero-delayed, snntorch-zero, snntorch-none); "
    ),
    Framework.SINABS: "SingleSpike is --spike-bits 1, norm_input=False --gain one; ",
    Framework.SINABS_EXPORT: "SingleSpike is --spike-bits 1, norm_input=False --gain one; ",
    Framework.NORSE_EXPORT: "reset_subtract is --reset subtract; ",
}
