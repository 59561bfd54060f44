"""The face of Python as a new user meets it: a wheel, an empty environment, a kernel of Jupyter.

`python -m trials.notebook` builds and installs, `evening` is what runs inside: cells as a quant
would write them on the first evening, typos among them.
See: docs/python.md
"""
