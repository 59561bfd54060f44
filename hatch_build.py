"""Puts the built console into a wheel; building the wheel is the only step that needs Node.

Where Node cannot be had the wheel is made without it and serves the plain start page, unless
CONSOLE_REQUIRED is set, as `make wheel` does.
See: docs/console.md#how-it-is-built
"""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def _builder(root: str) -> ModuleType:
    """`tools.console.build` by its place: the build has no path to the checkout."""
    path = Path(root) / "tools" / "console" / "build.py"
    spec = importlib.util.spec_from_file_location("console_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class ConsoleHook(BuildHookInterface[Any]):
    """Builds the console before the files of the wheel are collected."""

    def dependencies(self) -> list[str]:
        """Node as a wheel, where the machine has none."""
        builder = _builder(self.root)
        return [] if builder.find_node() else [f"{builder.NODE_PACKAGE}>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and tell where the files go; an editable installation finds them by itself."""
        if version == "editable" or self.target_name != "wheel":
            return
        builder = _builder(self.root)
        try:
            folder = builder.build(Path(self.root))
            graphiql = builder.build(Path(self.root), part=builder.GRAPHIQL)
        except builder.CannotBuild as reason:
            if os.environ.get("CONSOLE_REQUIRED"):
                raise
            self.app.display_warning(f"The console is not in the wheel: {reason}")
            return
        build_data["force_include"][str(folder)] = "bff/_console"
        build_data["force_include"][str(graphiql)] = "bff/_graphiql"
