"""Parameters, ranges and latency of neurons: what golden model and hardware share.

Each module has the same name as its golden step in `tospike.sim.spiking.neurons` and its datapath in
`tospike.hw.spiking.neurons`.
"""
