"""The pages of the project: an index of them, and whether what they point at is there.

Reading order: `pages` (one page: title, lead, anchors, links), `references` (what a page points
at), `generate_docs_index` (the command).
See: docs/README.md
"""

__all__: list[str] = []
