import pytest

from backtest.engine.workers.chunks import Workers


@pytest.fixture(scope="package")
def workers():
    pool = Workers(2)
    yield pool
    pool.close()
