"""Two YAML files and the environment as frozen settings.

Reading order: `environment` (with `variables`), `sections` (`backtest.yaml`), `deployment` (both),
`default_axes` (`indicators.yaml`), `settings` (all three), `yaml_file`, `secret`.
See: docs/configuration.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from bff.config.default_axes import YamlDefaults
    from bff.config.secret import signing_secret
    from bff.config.settings import Env, Environment, Settings, SettingsError, load_settings
else:
    __getattr__ = lazy(
        __name__,
        {
            "default_axes": ["YamlDefaults"],
            "secret": ["signing_secret"],
            "settings": ["Env", "Environment", "Settings", "SettingsError", "load_settings"],
        },
    )

__all__ = [
    "Env",
    "Environment",
    "Settings",
    "SettingsError",
    "YamlDefaults",
    "load_settings",
    "signing_secret",
]
