import asyncio
from uuid import UUID

import pytest

from backtest.errors import RateLimited
from bff.admission.quotas import Quota
from tests.bff.doubles import GOOD, client, services, token

SOMEBODY, ANOTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def _standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("throttled.utils.now_mono_f", lambda: 1_000.0)


def test_a_user_may_take_so_much_at_once_and_is_told_when_there_is_more() -> None:
    quota = Quota(6)

    for _ in range(6):
        asyncio.run(quota.take(SOMEBODY))
    with pytest.raises(RateLimited) as refused:
        asyncio.run(quota.take(SOMEBODY))

    assert refused.value.retry_after_s == 10
    asyncio.run(quota.take(ANOTHER))


def test_what_was_begun_within_the_quota_may_end_beyond_it() -> None:
    quota = Quota(60_000)

    asyncio.run(quota.check(SOMEBODY))
    quota.spend(SOMEBODY, 40_000)
    asyncio.run(quota.check(SOMEBODY))
    quota.spend(SOMEBODY, 90_000)
    with pytest.raises(RateLimited):
        asyncio.run(quota.check(SOMEBODY))

    asyncio.run(quota.check(ANOTHER))


@pytest.mark.parametrize("path", ["/backtests", "/graphql"])
def test_each_face_counts_requests(path: str) -> None:
    built = services(requests=Quota(2))
    body = GOOD if path == "/backtests" else {"query": "{ indicators { id } }"}

    with client(built) as opened:
        answers = [
            opened.post(path, json=body, headers={"Authorization": f"Bearer {token(built)}"})
            for _ in range(3)
        ]

    refused = answers[-1]
    assert "retry-after" not in answers[1].headers
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == 30
    assert "rate_limited" in refused.text
