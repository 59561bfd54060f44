"""What is known of a request and of a run, and how it is logged.

Reading order: `facts`, `observed`, `failures`, `logs`.
See: docs/reliability.md (What is seen)
"""
