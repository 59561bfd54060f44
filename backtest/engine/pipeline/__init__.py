"""Stage A and Stage B of one run, from slabs of scores to a shortlist and its planes.

Reading order: `stages`, `slabs`, `shortlist`, `ranking`, `measured`, `risk_plane`, `recorder`;
`on_device` and `planes_on_device` for runs that a device scores.
See: docs/scoring.md
"""

__all__: list[str] = []
