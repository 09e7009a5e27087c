"""``python -m tospike``: the command line."""

from tospike.compare.cli import main

main()
