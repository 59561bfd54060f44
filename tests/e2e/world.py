"""The whole service without a network: both faces, the real use-case, candles in memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from backtest.adapters.strategies.reader import SqlStrategies
from backtest.ports import CandleFeed, SavedLine, SavedStrategy
from backtest.run import Backtester
from resolvers.market import Market, StoredFacts
from resolvers.service import BacktestService
from resolvers.strategies import Strategies, Writer
from schema.strategy_spec import read_spec
from tests.bff.doubles import USER, client, services, serving, token
from tests.faces import GraphqlFace, RestFace
from tests.golden_files import GOLDEN
from tests.memory_feed import MemoryFeed

Faces = tuple[RestFace, GraphqlFace]


@dataclass
class Shelf:
    """Saved strategies in memory."""

    rows: dict[UUID, SavedStrategy] = field(default_factory=dict[UUID, SavedStrategy])

    def add(
        self,
        number: int,
        spec: Mapping[str, Any],
        *,
        user_id: UUID = USER,
        is_deleted: bool = False,
    ) -> str:
        strategy_id = UUID(int=number)
        self.rows[strategy_id] = SavedStrategy(
            strategy_id=strategy_id, user_id=user_id, is_deleted=is_deleted, spec=spec
        )
        return str(strategy_id)

    def find(self, strategy_id: UUID) -> SavedStrategy | None:
        return self.rows.get(strategy_id)

    def of_user(self, user_id: UUID, *, limit: int) -> list[SavedLine]:
        kept = [row for row in self.rows.values() if row.user_id == user_id and not row.is_deleted]
        return [
            SavedLine(
                strategy_id=row.strategy_id,
                name="a name",
                spec=row.spec,
                created_at=datetime(2024, 1, 1, tzinfo=UTC),
            )
            for row in kept[:limit]
        ]

    def ping(self) -> None:
        return None


def golden_candles(name: str) -> MemoryFeed:
    return MemoryFeed(dict(np.load(GOLDEN / "runs" / "candles" / name)))


@contextmanager
def opened_over(
    candles: CandleFeed,
    strategies: Shelf | SqlStrategies | None = None,
    *,
    instruments: Sequence[StoredFacts] = (),
    open_writer: Callable[[], Writer] | None = None,
    **policy: Any,
) -> Iterator[Faces]:
    """Both faces over the real use-case; `policy` replaces members of the configured policy."""
    shelf = strategies or Shelf()
    bare = services()
    effective = replace(bare.settings.policy(cpus=2), **policy)
    defaults = bare.settings.grid_defaults
    backtester = Backtester(
        candles=candles,
        strategies=shelf,
        defaults=defaults,
        read_spec=read_spec,
        policy=effective,
    )
    service = BacktestService(
        backtester=backtester,
        defaults=defaults,
        policy=effective,
        market=Market(candles, lambda: instruments),
        strategies=Strategies(
            shelf=shelf,
            open_writer=open_writer,
            defaults=defaults,
            policy=effective,
            new_id=uuid4,
            now=partial(datetime.now, UTC),
        ),
    )
    built = serving(bare, service, backtester.close)
    headers = {"Authorization": f"Bearer {token(built)}"}
    with client(built) as test_client:
        yield RestFace(test_client, headers), GraphqlFace(test_client, headers)
