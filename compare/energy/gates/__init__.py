"""Energy of the gates: the netlist on the real workload, with the energies of the cell library."""
