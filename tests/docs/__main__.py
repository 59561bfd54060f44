"""Writes what the Python of a page prints into the page: `python -m tests.docs docs/luck.md`.

Only for pages that begin in an empty folder; others are run by `test_blocks`.
"""

import os
import sys
import tempfile
from pathlib import Path

from tests.docs.pages import ROOT, blocks_of
from tests.docs.running import Names, shown_by


def main(page: str) -> None:
    """Run the page in an empty folder, and put each text below the block that printed it."""
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    blocks = [block for block in blocks_of(page) if block.language == "python"]
    names: Names = {}
    outputs: list[tuple[int, int, list[str]]] = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["ROEHUB_DATA_DIR"] = ".data"
        for block in blocks:
            printed = shown_by(block, block.text, names)
            if block.output is not None:
                begins = lines.index("```text", block.line + block.text.count("\n"))
                ends = lines.index("```", begins + 1)
                outputs.append((begins + 1, ends, printed))
    for begins, ends, printed in reversed(outputs):
        lines[begins:ends] = printed
    Path(ROOT / page).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
