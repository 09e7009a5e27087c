"""Options of synthesis."""

from dataclasses import dataclass
from typing import ClassVar

from tospike.hw.params import check_options, option
from tospike.hw.params.devices import DEVICES
from tospike.synth.targets import AREA_TARGETS, Router

_GRADES = ", ".join(f"{name}: {device.default_speed}" for name, device in DEVICES.items() if device.speeds)


@dataclass(frozen=True, kw_only=True)
class SynthOptions:
    """Target and tool options."""

    PANEL: ClassVar = "Synthesis"

    target: str = option(
        "ecp5-85k",
        f"{', '.join(DEVICES)}; {', '.join(AREA_TARGETS)} (area only); or a Liberty file (.lib, .lib.gz)",
    )
    speed: int | None = option(None, "FPGA: speed grade", unset=_GRADES)
    seed: int = option(1, "FPGA: seed of the placer", low=0, high=(1 << 31) - 1)
    router: Router = option(Router.ROUTER1, "FPGA: router of nextpnr; try router2 if router1 takes too long")

    def __post_init__(self) -> None:
        check_options(self)
