"""Samples as beats of the host's input stream."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tospike.hw.params import (
    BYTES_PER_BEAT,
    WORD_ADDRESS,
    WORD_KIND,
    WORD_PAYLOAD,
    AcceleratorParams,
    HostInput,
    TokenKind,
)
from tospike.sim.network import Array


@dataclass(frozen=True, kw_only=True)
class Beat:
    """One transfer of an AXI4-Stream."""

    data: int
    last: bool


def token_word(kind: TokenKind, address: int = 0, payload: int = 0) -> int:
    """A token as a host word."""
    fields = ((WORD_ADDRESS, address), (WORD_PAYLOAD, payload), (WORD_KIND, int(kind)))
    return sum((value & ((1 << width) - 1)) << low for (low, width), value in fields)


def dense_beats(values: Array) -> Iterator[Beat]:
    """A frame: one byte per value, four to a beat, zeros behind the last."""
    padded = np.zeros(-(-len(values) // BYTES_PER_BEAT) * BYTES_PER_BEAT, dtype=np.uint8)
    padded[: len(values)] = values.astype(np.int64).astype(np.uint8)
    words = padded.view("<u4").tolist()
    for number, word in enumerate(words):
        yield Beat(data=word, last=number == len(words) - 1)


def token_beats(steps: Array) -> Iterator[Beat]:
    """A spike train (steps, inputs): VALUEs and a TICK for each step, an END at last."""
    for step in steps:
        for address in np.flatnonzero(step).tolist():
            yield Beat(data=token_word(TokenKind.VALUE, address, int(step[address])), last=False)
        yield Beat(data=token_word(TokenKind.TICK), last=False)
    yield Beat(data=token_word(TokenKind.END), last=True)


def input_beats(params: AcceleratorParams, sample: Array) -> Iterator[Beat]:
    """One sample as the host sends it to this accelerator: (inputs,) values or (steps, inputs) spikes."""
    return dense_beats(sample) if params.host_input is HostInput.DENSE else token_beats(sample)
