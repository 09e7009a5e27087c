"""Yosys and nextpnr behind one interface; their reports as data."""
