"""How little and how much money an account may hold.

See: docs/fills.md
"""

# A tenth of a satoshi: no quote currency is settled in less. An amount that is 1e290 times smaller
# loses digits, and with them the exact order of the variants.
MIN_QUOTE = 1e-9
# Beyond this a float64 holds no cents any more, and accounts run into infinity.
MAX_QUOTE = 1e15
