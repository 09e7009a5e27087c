"""Knobs, ranges and latency of neurons: what golden model and hardware both may see.

A file here is named as its golden step in `tospike.sim.neurons` and its datapath in `tospike.hw.snn.neurons`.
"""
