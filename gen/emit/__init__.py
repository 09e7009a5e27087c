"""Verilog and design folders."""
