"""Spike trains as tokens, for a delay engine."""

from amaranth.hdl import *
from support.stream_bench import END, TICK, value


def train_tokens(train):
    steps = [[*(value(a, int(v)) for a, v in enumerate(step) if v), TICK] for step in train]
    return [token for step in steps for token in step] + [END]
