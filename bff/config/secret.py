"""The key that tokens are signed with: configured, or made up where nobody else can be harmed.

See: docs/security.md
"""

import os
import secrets
from pathlib import Path

from bff.config.environment import Environment

KEPT_IN = "identity_jwt_secret"
TEST_SECRET = "the-same-key-for-every-test-environment"  # noqa: S105 - guards nothing


def signing_secret(environment: Environment) -> str:
    """The configured secret; in `dev` one kept in the data directory, in `test` a fixed one.

    So `token` and `serve` agree without any configuration. In `prod` the settings do not load
    without a secret.

    Raises:
        OSError: The data directory is not writable.
    """
    configured = environment.jwt_secret
    if configured is not None:
        return configured.get_secret_value()
    if environment.env == "test":
        return TEST_SECRET
    assert environment.env == "dev"
    return _kept_secret(environment.data_dir)


def _kept_secret(folder: Path) -> str:
    """Read the file, or create it so that of two starting processes only one wins."""
    path = folder / KEPT_IN
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{KEPT_IN}.{os.getpid()}"
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()
