"""The measurements of a search as tasks, whose results are cached."""

from functools import partial
from pathlib import Path

from tospike.compare.search.measure import FunctionRun, Priced, SearchPoint, price, run_function
from tospike.compare.search.setting import Setting
from tospike.compare.search.space import Function
from tospike.compare.sweep.runner import COUNTERS, Task
from tospike.hw.params.devices import Device


def function_task(setting: Setting, file: Path, device: Device | None) -> Task[Function, FunctionRun]:
    """Return the task that runs functions with all of their hardware."""
    return Task(
        kind="search-functions",
        title="functions",
        check=_accept,
        measure=partial(run_function, file, device),
        result=FunctionRun,
        inputs=lambda function: {
            "setting": setting.digest,
            "function": repr(function),
            "device": device.name if device else "",
        },
        packages=COUNTERS.packages,
    )


def price_task(setting: Setting, file: Path) -> Task[SearchPoint, Priced]:
    """Return the task that prices designs."""
    return Task(
        kind="search-designs",
        title="designs",
        check=_accept,
        measure=partial(price, file),
        result=Priced,
        inputs=lambda point: {"setting": setting.digest, "point": repr(point)},
        packages=COUNTERS.packages,
    )


def _accept(point: object) -> None:
    """Accept every point: those that cannot be built are not in the space."""
