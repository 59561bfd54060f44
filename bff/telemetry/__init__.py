"""What is known of a request and of a run, and how it is logged.

Reading order: `facts`, `observed`, `failures`, `logs`, `streams`.
See: docs/reliability.md (Seeing inside)
"""
