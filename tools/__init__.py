"""What maintainers run beside the product: `docs` keeps the index and the links of the pages.

See: CONTRIBUTING.md
"""

__all__: list[str] = []
