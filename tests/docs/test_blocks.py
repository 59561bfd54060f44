"""Every block of code in README and docs is tried, page by page."""

import os
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest

from roehub import local
from tests.docs.left_out import LEFT_OUT
from tests.docs.pages import PAGES, Block, blocks_of
from tests.docs.running import Names, run_block
from tests.docs.site import Site, opened_site

# They begin in an empty folder; all others suppose what the demo stores.
FROM_NOTHING = {"docs/first-evening.md", "docs/luck.md"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with opened_site(tmp_path_factory.mktemp("site")) as opened:
        yield opened
    local.close()


def reason(block: Block) -> str | None:
    """Why a block is left out."""
    for (page, begins), why in LEFT_OUT.items():
        if page == block.page and block.text.lstrip().startswith(begins):
            return why
    return None


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)])
def test_what_a_page_shows_runs(
    page: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mpl.use("Agg")
    monkeypatch.chdir(tmp_path)
    environ = site.environ
    if page in FROM_NOTHING:
        environ["ROEHUB_DATA_DIR"] = ".data"
    for name, value in environ.items():
        monkeypatch.setitem(os.environ, name, value)
    names: Names = {}

    for block in blocks_of(page):
        if reason(block) is None:
            try:
                run_block(block, site, names)
            except BaseException as failure:
                failure.add_note(f"in the block at {block.place}")
                raise


@pytest.mark.parametrize("entry", LEFT_OUT, ids=str)
def test_what_is_left_out_is_one_block_of_its_page(entry: tuple[str, str]) -> None:
    page, begins = entry

    found = [block for block in blocks_of(page) if block.text.lstrip().startswith(begins)]

    assert len(found) == 1
    assert LEFT_OUT[entry]
