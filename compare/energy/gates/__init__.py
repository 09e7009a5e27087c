"""Level 3: the netlist of gates on the real workload, with the energies of the cell library's own tables."""
