"""NIR files made by hand."""

from itertools import pairwise

import nir
import numpy as np

from tospike.gen.nir.options import NirOptions

RNG = np.random.default_rng(3)


W1 = RNG.normal(size=(4, 3)).astype(np.float32)


W2 = RNG.normal(size=(2, 4)).astype(np.float32)


OPTIONS = NirOptions(dt=1e-4)


def ones(size, value=1.0):
    return np.full(size, value, np.float32)


def lif(size=4, **changes):
    values = {"tau": 8e-4, "r": 8.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0} | changes
    return nir.LIF(**{name: ones(size, value) if np.isscalar(value) else value for name, value in values.items()})


def li(size=2, tau=4e-4):
    return nir.LI(tau=ones(size, tau), r=ones(size, 4.0), v_leak=ones(size, 0))


def chain(*nodes, inputs=(3,), outputs=2):
    named = {"input": nir.Input(np.array(inputs))}
    # Names against the order, as alphabetical reading must not matter.
    named |= {f"{chr(ord('z') - i)}": node for i, node in enumerate(nodes)}
    named["output"] = nir.Output(np.array([outputs]))
    keys = list(named)
    return nir.NIRGraph(named, list(pairwise(keys)), type_check=False)


def save(tmp_path, graph):
    path = tmp_path / "net.nir"
    nir.write(path, graph)
    return path
