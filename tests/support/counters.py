"""Designs run on their golden models, for what prices counters."""

from dataclasses import replace

from support.energy import SNN

from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.params import (
    DelayParams,
    EncoderParams,
    Encoding,
)
from tospike.sim.accelerator import run

RATE = replace(
    SNN,
    engines=(
        EncoderParams(inputs=7, steps=5, payload=SNN.engines[0].payload, encoding=Encoding.RATE),
        replace(SNN.engines[1], payload=SNN.engines[2].payload, lanes=1),
        SNN.engines[2],
    ),
)


DELAYS = replace(
    RATE,
    engines=(
        RATE.engines[0],
        DelayParams(inputs=7, longest=3),
        *RATE.engines[1:2],
        DelayParams(inputs=6, longest=9),
        RATE.engines[2],
    ),
)


def golden(params):
    design = random_design(params, seed=3)
    x = random_samples(design, 6, seed=4)
    return design, x, run(design, x)
