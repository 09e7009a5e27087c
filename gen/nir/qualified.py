"""Options that say nothing without another one, or beside one: a network would be the same without them.

::

    taps          <-  tap-dilation              noise  <-  noise-seed, noise-shape
    adaptation    <-  adaptation-decay          taps   x   spike-bits, code, refractory, initial, min-v-mem

Only what was stated counts: a preset's rules and defaults may be there.
"""

from collections.abc import Mapping
from typing import Any

from tospike.hw.params import require

QUALIFIES: Mapping[str, str] = {
    "tap_dilation": "taps",
    "adaptation_decay": "adaptation",
    "noise_seed": "noise",
    "noise_shape": "noise",
}
"""Options, and those that they qualify, by field."""
BESIDE_TAPS: Mapping[str, Any] = {
    "spike_bits": 1,
    "code": "count",
    "refractory": 0,
    "initial": 0,
    "min_v_mem": None,
}
"""What sliding neurons cannot have, as they have neither membrane nor reset; the value is what they do."""


def check_qualified(stated: Mapping[str, Any], inherited: Mapping[str, Any], prefix: str = "") -> None:
    """Refuse stated options without those that they qualify.

    Parameters
    ----------
    stated
        Options by field, of a layer or of all.
    inherited
        The options that hold where nothing is stated.
    prefix
        Of names in messages: ``--`` on the command line.

    Raises
    ------
    InputError
        One qualifies an option that is not there.
    """
    for name, other in QUALIFIES.items():
        require(
            name not in stated or other in stated or bool(inherited.get(other)),
            f"{prefix}{_dashes(name)} is nothing without {other}: give {prefix}{other}, too, or leave it out",
        )


def check_beside_taps(stated: Mapping[str, Any], inherited: Mapping[str, Any], prefix: str = "") -> None:
    """Refuse stated options for which sliding neurons have no room; the parameters are those of `check_qualified`.

    Raises
    ------
    InputError
        One is stated beside taps.
    """
    if not stated.get("taps", inherited.get("taps")):
        return
    for name, value in BESIDE_TAPS.items():
        require(
            stated.get(name, value) == value,
            f"{prefix}{_dashes(name)} is for neurons with a membrane, but those with taps have none: leave one of them "
            "out",
        )


def _dashes(name: str) -> str:
    return name.replace("_", "-")
