"""From a trained network to RTL: import, quantise, plan, write Verilog."""
