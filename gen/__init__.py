"""Turn a trained network into RTL: import, quantise, plan, write Verilog."""
