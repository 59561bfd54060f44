"""The commands, one file each: parse the arguments, call the core, print.

`expected` tells failures, `stores` opens what `candles` and `strategies` work on.
"""

__all__: list[str] = []
