"""cocotb test benches for the generated Verilog."""
