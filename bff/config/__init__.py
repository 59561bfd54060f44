"""Two YAML files and the environment as frozen settings.

Reading order: `environment` (with `variables`), `sections` (`backtest.yaml`), `deployment` (both),
`default_axes` (`indicators.yaml`), `settings` (all three), `yaml_file`, `secret`.
See: docs/configuration.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from bff.config.default_axes import YamlDefaults
    from bff.config.deployment import SettingsError
    from bff.config.environment import Env, Environment
    from bff.config.secret import signing_secret
    from bff.config.settings import Settings, load_settings
else:
    __getattr__ = lazy(
        __name__,
        {
            "default_axes": ["YamlDefaults"],
            "deployment": ["SettingsError"],
            "environment": ["Env", "Environment"],
            "secret": ["signing_secret"],
            "settings": ["Settings", "load_settings"],
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
