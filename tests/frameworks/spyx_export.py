"""spyx 1.0: IF, LIF and CuBaLIF without biases, by ``to_nir``.

They compare the membrane of the step before, so that each layer spikes a step later than neurons that compare at once:
what is written is moved to the front by a step per layer.
"""

from functools import partial

import common
import jax.numpy as jnp
import numpy as np
import spyx.nir
import spyx.nn as snn
from flax import nnx

RNGS = nnx.Rngs(0)


def linear(inputs, outputs, size, seed):
    made = nnx.Linear(inputs, outputs, use_bias=False, rngs=RNGS)
    made.kernel.value = jnp.asarray(common.weights(inputs, outputs, size, seed)[0].T)
    return made


def run(case, make, size):
    """Two layers, step by step, with a step without input for each at the end."""
    layers = [
        linear(common.INPUTS, common.HIDDEN, size, 1),
        make((common.HIDDEN,)),
        linear(common.HIDDEN, common.OUTPUTS, size, 2),
        make((common.OUTPUTS,)),
    ]
    states = [cell.initial_state(common.SAMPLES) for cell in layers[1::2]]
    given = np.pad(common.spikes(), ((0, 0), (0, 2), (0, 0))).astype(np.float32)
    sent = [[], []]
    for step in range(given.shape[1]):
        x = jnp.asarray(given[:, step])
        for layer in range(2):
            x, states[layer] = layers[2 * layer + 1](layers[2 * layer](x), states[layer])
            sent[layer].append(np.asarray(x))
    moved = [np.stack(steps, axis=1)[:, layer + 1 :][:, : common.STEPS] for layer, steps in enumerate(sent)]
    shapes = {"input": np.array([common.INPUTS])}, {"output": np.array([common.OUTPUTS])}
    case.write(spyx.nir.to_nir(snn.Sequential(*layers), *shapes), moved)


CASES = {
    "if": partial(run, make=snn.IF, size=0.5),
    "lif": partial(run, make=partial(snn.LIF, beta=0.8, rngs=RNGS), size=1.5),
    "lif-low": partial(run, make=partial(snn.LIF, beta=0.4, threshold=0.5, rngs=RNGS), size=1),
    "cubalif": partial(run, make=partial(snn.CuBaLIF, alpha=0.5, beta=0.8, rngs=RNGS), size=1),
}

if __name__ == "__main__":
    common.main(CASES)
