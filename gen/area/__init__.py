"""Predict the area of a design on an FPGA, before anything is built."""
