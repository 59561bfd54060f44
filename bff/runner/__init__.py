"""Where runs are computed: `here` in this process, `apart` in one of its own.

Python answers requests and computes runs under one lock, so whoever answers waits for whoever
computes, whatever their priorities. A process apart has a lock of its own: refusals and cheap
questions stay quick, and a run that crashes takes no connection with it.
See: docs/reliability.md
"""
