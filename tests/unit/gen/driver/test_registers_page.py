"""The page of the registers has the tables of the register map."""

import re

from support.designs import DESIGNS
from support.paths import ROOT

from tospike.gen.driver.table import field_table, register_table
from tospike.hw.host.register_map import STREAM_REGISTERS, register_map


def test_the_page_has_the_maps_tables():
    page = (ROOT / "docs" / "reference" / "registers.md").read_text()
    tables = dict(re.findall(r"<!-- ([a-z ]*registers) -->\n(.*?)<!-- end -->", page, re.DOTALL))
    fixed = [r for r in register_map(DESIGNS["os"][0], version=0, config_hash=0) if not r.is_counter]
    assert tables["registers"] == register_table(fixed, of_design=False) + "\n" + field_table(fixed)
    assert tables["stream registers"] == register_table(STREAM_REGISTERS) + "\n" + field_table(STREAM_REGISTERS)
