"""Knobs, ranges and latency of neurons: what golden model and hardware both may see.

A file here has the name of its golden step in `tospike.sim.spiking.neurons` and of its datapath in
`tospike.hw.spiking.neurons`.
"""
