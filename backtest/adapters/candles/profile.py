"""Settings of ClickHouse that may leave out rows without a word, pinned to values that may not.

A user's profile can let a query that meets a limit end early with what it has, skip shards that
are down, filter or cut every result, or answer from a cache. Half a history is worse than none.

See: docs/stores.md#completeness
"""

from collections.abc import Iterator

from clickhouse_connect.driver.client import Client

PINNED = {
    **dict.fromkeys(
        (
            "read_overflow_mode",
            "read_overflow_mode_leaf",
            "group_by_overflow_mode",
            "sort_overflow_mode",
            "result_overflow_mode",
            "timeout_overflow_mode",
            "timeout_overflow_mode_leaf",
            "set_overflow_mode",
            "join_overflow_mode",
            "transfer_overflow_mode",
            "distinct_overflow_mode",
        ),
        "throw",
    ),
    **dict.fromkeys(("skip_unavailable_shards", "limit", "offset", "use_query_cache"), "0"),
    "additional_result_filter": "",
    "additional_table_filters": "{}",
}


def forced_otherwise(client: Client) -> Iterator[str]:
    """What the profile of a client's user holds at another value and does not let us change.

    Yields:
        One sentence for each setting.
    """
    for name, wanted in PINNED.items():
        setting = client.server_settings.get(name)
        if setting is not None and setting.readonly and setting.value != wanted:
            yield (
                f"The profile of the ClickHouse user forces {name} = '{setting.value}', which can"
                f" silently drop candles. Set it to '{wanted}' in the profile, or allow the user"
                " to change it (CHANGEABLE_IN_READONLY)."
            )
