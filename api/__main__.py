"""``python -m tospike``: the command line."""

from tospike.cli.main import main

main()
