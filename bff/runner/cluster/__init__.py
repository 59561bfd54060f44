"""Runs on the nodes of a Ray cluster, for whoever has outgrown one machine.

`runner` hands jobs out and begins lost ones again, `nodes` knows which nodes there are, `node` is
what runs on each of them, `peers` shares a large run among all of them, `peer` is what one may ask
another, `facts` is what `check` says of a cluster, `ray_calls` is the one module that imports Ray,
and `extra` says what to install where it is missing. Where a job is done, and how often it was
begun, changes nothing in its answer. See: docs/scale.md
"""

__all__: list[str] = []
