"""The parameters of every engine, and those that several engines share."""
