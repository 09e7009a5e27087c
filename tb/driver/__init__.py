"""A design's C driver against its Verilog, and against a model of its registers."""
