"""The commands, one file each: parse the arguments, call the core, print.

They import what they need when they run, so that `--help` stays quick. `expected` tells failures,
`stores` opens what `candles` (with `candle_work`) and `strategies` (with `spec_files`) work on,
`kernels` shows how far compiling is.

See: docs/commands.md
"""

__all__: list[str] = []
