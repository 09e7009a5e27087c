"""Validation of user input."""


class InputError(ValueError):
    """Invalid user input. The message is one line that names the culprit and the remedy."""


def require(condition: bool, message: str) -> None:
    """Raise :class:`InputError` with ``message`` unless ``condition`` holds."""
    if not condition:
        raise InputError(message)


def require_range(name: str, value: int, low: int, high: int) -> None:
    """Raise :class:`InputError` unless ``value`` is an integer and ``low <= value <= high``."""
    good = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    require(good, f"{name} must be an integer from {low} to {high}, not {value!r}")
