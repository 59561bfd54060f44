"""What tries the product rather than tests it: load, faults, strange requests, attacks.

`soak` loads and stops a real server, `faults` breaks its stores, `fuzz` sends what nobody should,
`attacks` measures what refusals cost. Each has a short part that `make test` runs, which looks at
no clock: how soon things happen is judged by the commands.
See: docs/reliability.md
"""
