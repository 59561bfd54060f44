"""The story of one variant: `equity` (the curve), `metrics` (25 numbers), `table` (their print)."""
