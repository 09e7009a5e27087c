"""The cocotb bench of an accelerator, and its runner."""
