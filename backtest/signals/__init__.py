"""From indicator outputs to bit rows: `rules` say what counts, `bits` do it fast."""
