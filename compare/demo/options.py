"""Options of a demo."""

from dataclasses import dataclass
from typing import ClassVar

from tospike.compare.energy.technology import Technology, load_technology
from tospike.compare.study.options import StudyOptions
from tospike.hw.params import option, same_option


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What else to do with the sample."""

    PANEL: ClassVar = "What is shown"

    rtl: bool = option(False, "Run the sample through the generated Verilog, too, and say whether it is equal")
    technology_name: str = same_option(StudyOptions, "technology_name")

    @property
    def technology(self) -> Technology:
        """Prices of the hardware's counters.

        Raises
        ------
        InputError
            There is no such technology, or its file is not valid.
        """
        return load_technology(self.technology_name)
