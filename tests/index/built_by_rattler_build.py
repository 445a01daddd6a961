"""Build recipes with py-rattler-build in a process of its own: OUTPUT RECIPE…"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rattler_build import PlatformConfig, RenderConfig, Stage0Recipe, ToolConfiguration, VariantConfig


def build(output: Path, recipe: Path) -> None:
    render = RenderConfig(platform=PlatformConfig(target_platform="linux-64"))
    for variant in Stage0Recipe.from_file(recipe).render(VariantConfig(), render):
        variant.run_build(ToolConfiguration(test_strategy="skip"), output_dir=output, channels=[])


for path in sys.argv[2:]:
    build(Path(sys.argv[1]), Path(path))
sys.stdout.flush()
os._exit(0)
