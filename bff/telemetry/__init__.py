"""What is known of a request and of a run, and how it is logged.

Reading order: `facts`, `observed`, `logs`.
"""
