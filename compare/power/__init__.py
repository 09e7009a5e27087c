"""Measured power against modelled energy: how `tospike power` calibrates an FPGA's prices."""
