"""What a bench wrote down, read back."""

import pytest

from tospike.hw.params import AcceleratorParams, ArrayParams, DenseLayer, InputError, IntFormat, SystolicParams
from tospike.tb.replay import parse_answers, parse_results

ARRAY = ArrayParams(rows=1, cols=1, act=IntFormat(bits=4, signed=False), weight_bits=4, acc_bits=12)
PARAMS = AcceleratorParams(
    name="ann", engines=(SystolicParams(array=ARRAY, layers=(DenseLayer(rows=1, inputs=3, outputs=2),)),)
)
NAMES = ("inputs", "0.macs")
TEXT = "00000005\nffffffff\ncycles 12\n00000001\n00000002\ncycles 13\ncounter 6\ncounter 8\n"


def test_words_of_each_sample():
    found = parse_answers(TEXT, "ann", 2, NAMES)
    assert found.words == [[5, 0xFFFF_FFFF], [1, 2]]
    assert (found.cycles, found.counters) == ([12, 13], {"inputs": 6, "0.macs": 8})
    ragged = TEXT.replace("00000002\n", "")
    assert parse_answers(ragged, "ann", 2, NAMES).words == [[5, 0xFFFF_FFFF], [1]]
    assert parse_answers("cycles 4\n", "ann", 1, ()).words == [[]]


def test_outputs_are_signed():
    found = parse_results(TEXT, PARAMS, 2, NAMES)
    assert found.outputs.tolist() == [[5, -1], [1, 2]]
    assert found.cycles.tolist() == [12, 13]


@pytest.mark.parametrize(
    ("text", "samples", "message"),
    [
        (TEXT, 3, "gave 4 words for 2 of 3 samples"),
        (TEXT.replace("counter 8\n", ""), 2, "gave 4 words for 2 of 2 samples"),
        (TEXT.replace("cycles 13\n", ""), 1, "gave 4 words for 1 of 1 samples"),
        (TEXT.replace("00000002\n", ""), 2, "gave 3 words for 2 samples, not 2 for each"),
        ("00000005\ntimeout\n", 2, "ann does not answer: sample 0 timed out"),
    ],
)
def test_what_is_missing_is_told(text, samples, message):
    with pytest.raises(InputError, match=message):
        parse_results(text, PARAMS, samples, NAMES)
