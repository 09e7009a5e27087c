"""Convolutions and pools of dataflow designs."""

from tospike.hw.params import DataflowDenseParams, DataflowPoolParams, ImageWindow, IntFormat

U4 = IntFormat(bits=4, signed=False)


def window(shape, kernel, *, stride=(1, 1), padding=(0, 0, 0, 0), lanes=1, all_rows=False, pad_value=0):
    """A window, padded at the top, left, bottom and right."""
    top, left, bottom, right = padding
    size = (
        (shape[1] + top + bottom - kernel[0]) // stride[0] + 1,
        (shape[2] + left + right - kernel[1]) // stride[1] + 1,
    )
    return ImageWindow(
        shape=shape,
        kernel=kernel,
        stride=stride,
        padding=(top, left),
        size=size,
        lanes=lanes,
        rows_at_once=kernel[0] if all_rows else 1,
        pad_value=pad_value,
    )


def convolution(slides, outputs, pe, *, input_lanes=1, output_lanes=1, last=False, **knobs):
    """A convolution of 4 bits that requantises its sums, or sends them if it is the last."""
    return DataflowDenseParams(
        inputs=slides.values,
        outputs=outputs,
        simd=slides.width,
        pe=pe,
        input_lanes=input_lanes,
        output_lanes=output_lanes,
        window=slides,
        **{
            "act": U4,
            "weight_bits": 4,
            "acc_bits": 9 + (slides.values - 1).bit_length(),
            "clamp": None if last else (0, U4.max),
            "shift": 0 if last else 17 + (slides.values - 1).bit_length() // 2,
            **knobs,
        },
    )


def pool(slides, *, maximum=True, input_lanes=1, sums=False, **knobs):
    """A pool of 4 bits; one of sums requantises them, or sends them with ``sums``."""
    requantizes = not maximum and not sums
    return DataflowPoolParams(
        window=slides,
        maximum=maximum,
        input_lanes=input_lanes,
        **{
            "act": U4,
            "acc_bits": 7 + (slides.taps - 1).bit_length(),
            "clamp": (0, U4.max) if requantizes else None,
            "shift": 16 + (slides.taps - 1).bit_length() if requantizes else 0,
            **knobs,
        },
    )
