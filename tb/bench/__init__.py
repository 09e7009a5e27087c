"""The cocotb bench of an accelerator, and what runs it."""
