"""The catalog of indicators and the kernels behind it.

Reading order: `definition` (what a row says), `catalog` (the rows), `series` (what kernels read and
share), `sums`, `dispersion`, `extremes`, `smoothing` and `primitives` (windows and recursions), then
one file per group.
"""
