from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from backtest.axes import axis_len, axis_values
from backtest.indicators.catalog import INDICATORS
from backtest.types import Ranking, RankingMetric
from bff.config.default_axes import YamlDefaults
from bff.config.settings import CONFIGS, SettingsError, load_settings

SECRET = "s" * 32
PROD = {
    "ROEHUB_ENV": "prod",
    "IDENTITY_JWT_SECRET": SECRET,
    "ROEHUB_CANDLES": "embedded",
    "ROEHUB_STRATEGIES": "embedded",
}


@pytest.fixture(scope="module")
def shipped() -> YamlDefaults:
    return load_settings({}).grid_defaults


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    return [str(problem) for problem in caught.value.problems]


def with_file(folder: Path, name: str, text: str) -> dict[str, str]:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return {f"ROEHUB_{name.upper()}_CONFIG": str(path)}


@pytest.mark.parametrize("env", ["dev", "test", "prod"])
def test_shipped_configuration_loads(env: str) -> None:
    settings = load_settings({**PROD, "ROEHUB_ENV": env})

    assert settings.env == env


def test_an_empty_environment_means_dev() -> None:
    assert load_settings({}).env == "dev"


def test_empty_variables_count_as_absent() -> None:
    settings = load_settings({"ROEHUB_ENV": "", "CH_HOST": "", "CH_PORT": ""})

    assert settings.environment.ch_host is None


def test_policy_holds_what_the_files_say() -> None:
    policy = load_settings({"ROEHUB_ENV": "test", "ROEHUB_THREADS": "7"}).policy(cpus=2)

    assert policy.threads == 7
    assert (policy.warmup_bars, policy.top_k, policy.preselect) == (200, 300, 20_000)
    assert policy.max_compute_bytes_total == 5 << 30
    assert policy.ranking == Ranking(primary=RankingMetric.TOTAL_RETURN_PCT)
    assert policy.fee_pct_by_market_id == {1: 0.075, 2: 0.1, 3: 0.075, 4: 0.1}


def test_a_file_that_is_silent_gets_the_usual_defaults(tmp_path: Path) -> None:
    settings = load_settings(with_file(tmp_path, "backtest", "version: 1\nbacktest: {}\n"))

    assert settings.policy(cpus=3).threads == 3
    assert settings.backtest.top_k_default == 300


def test_settings_do_not_print_secrets() -> None:
    environ = {
        "ROEHUB_ENV": "prod",
        "IDENTITY_JWT_SECRET": "signing-" + SECRET,
        "CH_HOST": "candles.internal",
        "CH_PASSWORD": "candles-hunter2",
        "STRATEGY_PG_DSN": "postgresql://user:hunter2@db/strategies",
        "QUOTA_REDIS_URL": "rediss://:hunter2@cache",
    }

    shown = repr(load_settings(environ))

    assert "hunter2" not in shown
    assert SECRET not in shown


def test_a_variable_that_is_like_none_of_ours_gets_the_list_alone() -> None:
    (found,) = problems({"ROEHUB_FOO": "1"})

    assert found.startswith("environment: ROEHUB_FOO: unknown variable. Known variables: ROEHUB_")


def test_every_problem_of_all_sources_is_listed_at_once(tmp_path: Path) -> None:
    environ = {
        "ROEHUB_TREADS": "2",
        "CH_PORT": "http",
        **with_file(tmp_path, "backtest", "version: 1\nbacktest: {top_k_default: 0, topk: 1}\n"),
        **with_file(tmp_path, "indicators", "version: 2\nindicators: {}\n"),
    }

    found = "\n".join(problems(environ))

    assert "environment: ROEHUB_TREADS: unknown variable; did you mean ROEHUB_THREADS?" in found
    assert "environment: CH_PORT:" in found
    assert "backtest.yaml: backtest.top_k_default:" in found
    assert "backtest.yaml: backtest.topk: unknown key" in found
    assert "indicators.yaml: version:" in found


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "backtest.yaml"),
        ("version: 1\n  bad: [", "line"),
        ("version: 1\nversion: 1\n", "repeated"),
        ("- a\n- b\n", "backtest.yaml"),
        ("version: 1\nbacktest: {{ BACKTEST }}\n", "backtest.yaml: line 2, column 12: a key must"),
        ("version: 1\nbacktest:\n  ? [a]\n  : 1\n", "line 3, column 5: a key must be a word"),
        ("version: 1\na: 2024-13-45\n", "line 2, column 4: '2024-13-45' is not a valid timestamp"),
        ("version: 1\n2024-13-45: 1\n", "line 2, column 1: '2024-13-45' is not a valid timestamp"),
        ("version: 1\na:\n- !!timestamp now\n", "line 3, column 3: 'now' is not a valid timestamp"),
        ("version: 1\na: !!int b\n", "line 2, column 4: 'b' is not a valid int"),
        ("version: 1\na: !!bool b\n", "line 2, column 4: 'b' is not a valid bool"),
        (f"version: {'1' * 5_000}\n", "is not a valid int"),
        ("version: 1\nbacktest: {warmup_bars_default: 1.5}\n", "backtest.warmup_bars_default"),
        ("version: 1\nbacktest: {warmup_bars_default: true}\n", "backtest.warmup_bars_default"),
        ("version: 1\nbacktest: {warmup_bars_default: '200'}\n", "backtest.warmup_bars_default"),
        ("version: 1\nbacktest: {sync: {sync_deadline_seconds: .inf}}\n", "sync_deadline_seconds"),
        ("version: 1\nbacktest: {execution: {slippage_pct_default: 100}}\n", "slippage_pct"),
        ("version: 1\nbacktest: {execution: {fixed_quote_default: 1.0e-316}}\n", "fixed_quote"),
        ("version: 1\nbacktest: {execution: {init_cash_quote_default: 9.e-10}}\n", "init_cash"),
        (
            "version: 1\nbacktest: {execution: {fee_pct_default_by_market_id: {0: 0.1}}}\n",
            "fee_pct_default_by_market_id",
        ),
        (
            "version: 1\nbacktest: {ranking: {secondary_metric_default: total_return_pct}}\n",
            "must differ",
        ),
        (
            "version: 1\nbacktest: {ranking: {primary_metric_default: luck}}\n",
            "primary_metric_default",
        ),
        ("version: 1\nserver: {allowed_origins: ['*']}\n", "server.allowed_origins.0"),
        ("version: 1\nserver: {allowed_origins: [https://x.org/]}\n", "allowed_origins.0"),
        ("version: 1\ncompute: {threads: 0}\n", "compute.threads"),
    ],
)
def test_a_bad_backtest_file_is_refused_with_its_place(
    tmp_path: Path, text: str, place: str
) -> None:
    assert place in "\n".join(problems(with_file(tmp_path, "backtest", text)))


def test_a_missing_file_is_a_problem_of_its_own() -> None:
    (found,) = problems({"ROEHUB_BACKTEST_CONFIG": "/nowhere/backtest.yaml"})

    assert found.startswith("/nowhere/backtest.yaml: the file cannot be read")


@pytest.mark.parametrize("secret", [None, "", "short", "x" * 31])
def test_prod_needs_a_long_secret(secret: str | None) -> None:
    environ = PROD | {"IDENTITY_JWT_SECRET": secret or ""}

    (found,) = problems(environ)

    assert found.startswith("environment: IDENTITY_JWT_SECRET: must have at least 32 bytes")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROEHUB_ENV", "production"),
        ("ROEHUB_THREADS", "0"),
        ("CH_PORT", "70000"),
        ("CH_SECURE", "perhaps"),
        ("IDENTITY_COOKIE_NAME", "a=b;"),
        ("ROEHUB_CANDLES", "server"),
        ("QUOTA_REDIS_URL", "http://:hunter2@cache"),
        ("QUOTA_REDIS_URL", "redis://:hunter2/et@cache:6379/0"),
        ("QUOTA_REDIS_URL", "redis://cache:hunter2"),
        ("QUOTA_REDIS_URL", "rediss://[::1"),
        ("QUOTA_REDIS_URL", "redis://cache?max_connections=hunter2"),
        ("QUOTA_REDIS_URL", "redis://cache?hunter2=1"),
        ("QUOTA_REDIS_URL", "rediss://cache?ssl_cert_reqs=hunter2"),
    ],
)
def test_a_bad_variable_is_refused_without_repeating_it(name: str, value: str) -> None:
    (found,) = problems({name: value})

    assert found.startswith(f"environment: {name}:")
    assert "hunter2" not in found


def test_a_shared_store_of_quotas_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bff.config.variables.find_spec", lambda _: None)

    (found,) = problems({"QUOTA_REDIS_URL": "redis://cache"})

    assert "install roehub-backtest[redis]" in found


def axes_of(edit: Mapping[str, object] | None) -> str:
    document = yaml.safe_load((CONFIGS / "indicators.yaml").read_text(encoding="utf-8"))
    if edit is None:
        del document["indicators"]["ma.sma"]
    else:
        document["indicators"] |= edit
    return yaml.safe_dump(document)


WINDOW = {"mode": "explicit", "values": [20]}
NINE = {"mode": "explicit", "values": [9]}
CLOSE = {"mode": "explicit", "values": ["close"]}


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (None, "indicators.ma.sma: the indicator is missing"),
        ({"ma.smma": {}}, "indicators.ma.smma: no such indicator"),
        ({"structure.pivot_low": {}}, "structure.pivot_low: no such indicator"),
        ({"ma.sma": {"params": {"window": WINDOW}}}, "ma.sma.source: give the axis a default"),
        ({"ma.sma": {"source": CLOSE}}, "ma.sma.params.window: give the axis a default"),
        (
            {"ma.sma": {"source": CLOSE, "params": {"windw": WINDOW}}},
            "params.windw: ma.sma has no such parameter, only: window",
        ),
        (
            {"ma.sma": {"source": {"mode": "explicit", "values": ["cloze"]}, "params": {}}},
            "ma.sma.source.values.0: ma.sma takes one of: close",
        ),
        (
            {"ma.vwma": {"source": CLOSE, "params": {"window": WINDOW}}},
            "ma.vwma.source: ma.vwma takes no source; remove it",
        ),
        (
            {"ma.vwma": {"params": {"window": {"mode": "explicit", "values": [1]}}}},
            "window.values.0: window must be >= 2, was 1",
        ),
        (
            {"ma.vwma": {"params": {"window": {"mode": "explicit", "values": [2.5]}}}},
            "window.values.0: window takes whole numbers, was 2.5",
        ),
        (
            {"ma.vwma": {"params": {"window": {"mode": "explicit", "values": []}}}},
            "window.values: values must not be empty",
        ),
        (
            {"ma.vwma": {"params": {"window": {"mode": "rnge", "values": [2]}}}},
            "ma.vwma.params.window",
        ),
        (
            {"ma.vwma": {"params": {"window": {"mode": "explicit", "values": [True]}}}},
            "ma.vwma.params.window.values.0",
        ),
        (
            {
                "trend.keltner": {
                    "params": {
                        "window": WINDOW,
                        "mult": {"mode": "range", "start": 0.105, "stop_incl": 1, "step": 0.01},
                    }
                }
            },
            "mult.start: start must be 0.1 plus a multiple of 0.01, was 0.105",
        ),
        (
            {
                "volatility.tr": {
                    "signals": {
                        "long_delta_periods": {"mode": "explicit", "values": [0]},
                        "short_delta_periods": {"mode": "explicit", "values": [-1]},
                    }
                }
            },
            "long_delta_periods.values.0: long_delta_periods must not be 0",
        ),
    ],
)
def test_default_axes_are_held_against_the_catalog(
    tmp_path: Path, edit: dict[str, object] | None, place: str
) -> None:
    found = problems(with_file(tmp_path, "indicators", axes_of(edit)))

    assert place in "\n".join(found)


def test_a_huge_default_range_is_refused_without_building_it(tmp_path: Path) -> None:
    huge = {"mode": "range", "start": 0.1, "stop_incl": 10, "step": 1e-12}
    text = axes_of({"trend.keltner": {"params": {"window": WINDOW, "mult": huge}}})

    assert "mult: an axis has at most 1000000 values" in "\n".join(
        problems(with_file(tmp_path, "indicators", text))
    )


def test_the_axes_of_an_environment_come_before_those_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bff.config.deployment.CONFIGS", tmp_path)
    for env in ("dev", "test"):
        (tmp_path / env).mkdir()
        (tmp_path / env / "backtest.yaml").write_text("version: 1\n")
    edited = {"ma.vwma": {"params": {"window": WINDOW}}}
    (tmp_path / "indicators.yaml").write_text(axes_of({}))
    (tmp_path / "dev" / "indicators.yaml").write_text(axes_of(edited))
    named = with_file(
        tmp_path / "test", "indicators", axes_of({"ma.vwma": {"params": {"window": NINE}}})
    )

    def windows(**environ: str) -> tuple[object, ...]:
        return axis_values(load_settings(environ).grid_defaults.indicator_axes("ma.vwma")["window"])

    assert windows(ROEHUB_ENV="dev") == (20,)
    assert windows(ROEHUB_ENV="dev", **named) == (9,)
    (tmp_path / "test" / "indicators.yaml").unlink()
    assert windows(ROEHUB_ENV="test") == tuple(range(5, 201))


@pytest.mark.parametrize("indicator_id", sorted(k for k, v in INDICATORS.items() if v.rule))
def test_each_indicator_runs_alone_with_its_defaults(
    shipped: YamlDefaults, indicator_id: str
) -> None:
    row = INDICATORS[indicator_id]
    axes = shipped.indicator_axes(indicator_id)
    signals = shipped.signal_axes(indicator_id)

    n_variants = 1
    for axis in (*axes.values(), *signals.values()):
        n_variants *= axis_len(axis)

    assert set(axes) == set(row.axes)
    assert row.rule is not None
    assert {name: axis_values(axis) for name, axis in signals.items()} == {
        param.name: (param.default,) for param in row.rule.params
    }
    assert n_variants <= 60_000
    for param in row.params:
        assert param.affects_primary or axis_values(axes[param.name]) == (param.default,)


def test_the_largest_run_must_fit_into_the_memory_for_all(tmp_path: Path) -> None:
    environ = with_file(tmp_path, "backtest", "version: 1\ncompute: {memory_bytes: 1000}\n")

    (problem,) = problems(environ)
    assert "memory_bytes must be at least max_compute_bytes_total" in problem


def test_prod_needs_its_stores_named_or_chosen() -> None:
    environ = {"ROEHUB_ENV": "prod", "CH_HOSTNAME": "candles", "STRATEGY_PG_URL": "postgresql://db"}

    found = problems(environ)

    assert [problem.split(":")[1].strip() for problem in found] == [
        "IDENTITY_JWT_SECRET",
        "CH_HOST",
        "STRATEGY_PG_DSN",
    ]
    assert "ROEHUB_CANDLES=embedded" in found[1]
    assert "CH_HOSTNAME is not read" in found[1]
    assert "ROEHUB_STRATEGIES=embedded" in found[2]
    assert "STRATEGY_PG_URL is not read" in found[2]


@pytest.mark.parametrize(
    "stores",
    [
        {"CH_HOST": "candles", "STRATEGY_PG_DSN": "postgresql://db/s"},
        {"ROEHUB_CANDLES": "embedded", "STRATEGY_PG_DSN": "postgresql://db/s"},
        {"CH_HOST": "candles", "ROEHUB_STRATEGIES": "embedded"},
    ],
)
def test_prod_takes_each_store_as_a_server_or_embedded(stores: dict[str, str]) -> None:
    environ = {"ROEHUB_ENV": "prod", "IDENTITY_JWT_SECRET": SECRET, **stores}

    assert load_settings(environ).notices == ()


def test_a_server_and_the_embedded_store_together_are_a_contradiction() -> None:
    (found,) = problems({"CH_HOST": "candles", "ROEHUB_CANDLES": "embedded"})

    assert found.startswith("environment: ROEHUB_CANDLES: CH_HOST names a server already")


def test_a_misspelt_variable_is_told_with_the_nearest_name() -> None:
    (found,) = problems({"ROEHUB_DATADIR": "/data"})

    assert "did you mean ROEHUB_DATA_DIR?" in found


def test_variables_of_other_services_are_noticed_and_not_read() -> None:
    environ = {
        "ROEHUB_NUMBA_NUM_THREADS": "4",
        "ROEHUB_REDIS_PASSWORD": "hunter2",
        "CH_HOSTNAME": "candles",
        "IDENTITY_TELEGRAM_BOT_TOKEN": "hunter2",
    }

    sisters, near_miss = load_settings(environ).notices

    names = "ROEHUB_NUMBA_NUM_THREADS, ROEHUB_REDIS_PASSWORD"
    assert sisters == f"environment: {names}: ignored, meant for other services"
    assert near_miss == "environment: CH_HOSTNAME: not read; did you mean CH_HOST?"


def test_sections_of_other_services_are_noticed_and_not_read(tmp_path: Path) -> None:
    text = """
version: 1
backtest:
  top_k_default: 7
  cpu: {max_numba_threads: 4}
  jobs: {enabled: false, claim_poll_seconds: 1}
"""
    settings = load_settings(with_file(tmp_path, "backtest", text))

    assert settings.backtest.top_k_default == 7
    (notice,) = settings.notices
    assert notice.endswith(
        "backtest.yaml: backtest.cpu, backtest.jobs: ignored, meant for other services"
    )


SHARED = """
schema_version: 1
defaults:
  ma.sma:
    inputs:
      source: {mode: explicit, values: [close, hlc3]}
    params:
      window: {mode: range, start: 5, stop_incl: 20, step: 5}
  momentum.rsi:
    inputs: {source: {mode: explicit, values: [close]}}
    params: {window: {mode: explicit, values: [14]}}
    signals:
      v1:
        params:
          long_threshold: {mode: explicit, values: [25, 30]}
          short_threshold: {mode: explicit, values: [70]}
  structure.pivot_low:
    params: {left: {mode: explicit, values: [5]}, right: {mode: explicit, values: [5]}}
  volume.obv:
"""


def test_the_shared_form_of_default_axes_is_read_as_well(tmp_path: Path) -> None:
    settings = load_settings(with_file(tmp_path, "indicators", SHARED))

    defaults = settings.grid_defaults
    assert {
        name: axis_values(axis) for name, axis in defaults.indicator_axes("ma.sma").items()
    } == {
        "source": ("close", "hlc3"),
        "window": (5, 10, 15, 20),
    }
    rule = defaults.signal_axes("momentum.rsi")
    assert {name: axis_values(axis) for name, axis in rule.items()} == {
        "long_threshold": (25, 30),
        "short_threshold": (70,),
    }
    assert defaults.indicator_axes("structure.pivot_low") == {}
    (notice,) = settings.notices
    assert "give them in requests" in notice


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("[close, hlc3]", "[cloze]", "defaults.ma.sma.inputs.source.values.0: ma.sma takes one of"),
        (
            "stop_incl: 20",
            "stop_incl: 2005",
            "defaults.ma.sma.params.window.stop_incl: window must",
        ),
        ("[25, 30]", "[150]", "momentum.rsi.signals.v1.params.long_threshold.values.0: long_thres"),
        ("volume.obv", "volume.obvv", "defaults.volume.obvv: no such indicator"),
        ("inputs:", "input:", "defaults.ma.sma.input: unknown key"),
    ],
)
def test_the_shared_form_is_held_against_the_catalog(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    assert old in SHARED

    found = problems(with_file(tmp_path, "indicators", SHARED.replace(old, new, 1)))

    assert place in "\n".join(found)
