"""`python -m bff`."""

from bff.cli import main

main()
