"""What a design takes on an FPGA, before anything is built."""
