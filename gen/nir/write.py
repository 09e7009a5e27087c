"""Padding that NIR can express."""

from collections.abc import Sequence

from tospike.hw.params import InputError


def symmetric_padding(name: str, padding: Sequence[int]) -> tuple[int, int]:
    """Return the padding above and left of a stage's images, which must be that on the opposite sides.

    Raises
    ------
    InputError
        It is not, and NIR cannot express it.
    """
    top, left, bottom, right = padding
    if (top, left) != (bottom, right):
        raise InputError(
            f"stage {name!r} is padded by {top} above and {bottom} below, {left} left and {right} right, which NIR "
            "cannot express: train it with equal padding on opposite sides"
        )
    return top, left
