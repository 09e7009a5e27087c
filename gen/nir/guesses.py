"""What no NIR file tells and nobody stated: recognised where a file shows it, otherwise guessed and said."""

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
    """Return the options with what these layers show about them, and a line for each guess that remains."""
    if not options.guessed:
        return options, ()
    nodes = [layer.neuron[1] for layer in layers]
    options, recognised = _recognise(nodes, options)
    return options, (*recognised, *_guesses(nodes, options), *_coding(options))


def _recognise(nodes: Iterable[nir.NIRNode], options: NirOptions) -> tuple[NirOptions, tuple[str, ...]]:
    """Norse and Sinabs write other time constants than they read."""
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
        why = f"a time constant of {least:g} is below dt, {options.dt:g} s: taken as Norse's to_nir writes it, times dt"
    elif options.framework is Framework.SINABS and most >= 1:
        exported, rules = Framework.SINABS_EXPORT, EXPORTED_BY_SINABS
        why = f"a time constant of {most:g} is taken as steps, as Sinabs' to_nir writes it"
    else:
        return options, ()
    guessed = {name: rules[name] for name in rules if name in options.guessed}
    return replace(options, **guessed), (  # type: ignore[arg-type]
        f"{why}; --framework {exported.value} says so, --dt that it is in seconds",
    )


def _guesses(nodes: Sequence[nir.NIRNode], options: NirOptions) -> tuple[str, ...]:
    kinds = [KINDS[type(node)] for node in nodes]
    spikes, leaks = any(kind.spikes for kind in kinds), any(kind.leaks for kind in kinds)
    synaptic = any(kind.synaptic for kind in kinds)
    concern = {"reset": spikes, "comparison": spikes, "spike_bits": spikes, "gain": leaks, "decay": leaks or synaptic}
    concern |= {"reset_timing": spikes and options.reset is not Reset.NONE}
    concern |= {"tau_unit": False, "synapse_gain": False}  # what shows in the file is told apart
    asked = [name for name in options.guessed if name not in CODING and concern.get(name, True)]
    if not asked:
        return ()
    took, give = _named(asked, options)
    if options.framework is None:
        return (f"the file does not tell all about its neurons: took {took}; give --framework, or {give}",)
    advice = _ADVICE.get(options.framework, "")
    whose = options.framework.value.split("-")[0]
    return (f"no file of {whose} tells all about its neurons: took {took}; {advice}give {give} for others",)


def _coding(options: NirOptions) -> tuple[str, ...]:
    asked = [name for name in CODING if name in options.guessed]
    if not asked:
        return ()
    took, give = _named(asked, options)
    return (f"the file does not tell how values become time steps: took {took}; give {give}",)


def _named(names: Sequence[str], options: NirOptions) -> tuple[str, str]:
    """Return the options with their values, and the flags that give them."""
    stated, dashed = options.describe(), [name.replace("_", "-") for name in names]
    took = ", ".join(f"{flag} {stated[name]}" for flag, name in zip(dashed, names, strict=True))
    return took, ", ".join(f"--{flag}" for flag in dashed)


_ADVICE = {
    Framework.SNNTORCH: (
        "a network trained with the defaults of Leaky or Synaptic needs --framework snntorch-subtract-delayed (or "
        "snntorch-subtract, snntorch-zero-delayed, snntorch-zero, snntorch-none); "
    ),
    Framework.SINABS: "SingleSpike is --spike-bits 1, norm_input=False --gain one; ",
    Framework.SINABS_EXPORT: "SingleSpike is --spike-bits 1, norm_input=False --gain one; ",
    Framework.NORSE_EXPORT: "reset_subtract is --reset subtract; ",
}
