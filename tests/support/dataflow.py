"""Chains of dataflow engines."""

from itertools import pairwise

from tospike.hw.params import AcceleratorParams, DataflowDenseParams, IntFormat

U4 = IntFormat(bits=4, signed=False)


def layer(inputs, outputs, simd, pe, *, input_lanes=4, output_lanes=1, last=False, **knobs):
    """A layer of 4 bits that requantises its sums, or sends them if it is the last."""
    return DataflowDenseParams(
        inputs=inputs,
        outputs=outputs,
        simd=simd,
        pe=pe,
        input_lanes=input_lanes,
        output_lanes=output_lanes,
        **{
            "act": U4,
            "weight_bits": 4,
            "acc_bits": 8 + (inputs - 1).bit_length() + 1,
            "clamp": None if last else (0, U4.max),
            "shift": 0 if last else 17 + (inputs - 1).bit_length() // 2,
            **knobs,
        },
    )


def chain(*layers, **knobs):
    """An accelerator of such layers."""
    return AcceleratorParams(name="dataflow", engines=layers, **knobs)


def random_layers(rng):
    """A chain of one to four layers, each folded at random."""
    sizes = rng.integers(1, 20, rng.integers(2, 6)).tolist()
    host_bits = [None, 32, 64, 128][rng.integers(4)]
    lanes, made = 4 if host_bits is None else int(rng.integers(1, min(host_bits // 4, 24) + 1)), []
    for number, (inputs, outputs) in enumerate(pairwise(sizes)):
        divisors = [n for n in range(1, lanes + 1) if lanes % n == 0]
        simd = int(rng.choice([*divisors, *(lanes * n for n in range(1, 4))]))
        words = -(-inputs // simd)
        pe = int(rng.integers(1, outputs + 2))
        fitting = [n for n in range(1, pe + 1) if pe % n == 0 and pe // n <= words]
        output_lanes = int(rng.choice(fitting))
        last = number == len(sizes) - 2
        dsps = int(rng.integers(0, simd * pe + 1))
        made.append(
            layer(
                inputs,
                outputs,
                simd,
                pe,
                input_lanes=lanes,
                output_lanes=output_lanes,
                last=last and rng.random() < 0.7,
                dsp_products=dsps,
            )
        )
        lanes = output_lanes
    return chain(*made, host_bits=host_bits)
