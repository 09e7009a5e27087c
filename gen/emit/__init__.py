"""Write Verilog and design folders."""
