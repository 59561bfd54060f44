"""The catalog of indicators and the kernels behind it.

Reading order: `definition` (what a row says), `catalog` (the rows), `series` (what kernels read and
share), the windows and recursions (`sums`, `dispersion`, `extremes`, `ranges`, `smoothing`,
`primitives`), then one file per group.
"""
