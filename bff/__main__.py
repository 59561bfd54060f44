"""`python -m bff`.

See: README.md
"""

from bff.cli import main

main()
