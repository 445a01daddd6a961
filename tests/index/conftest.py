from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from child import run

if TYPE_CHECKING:
    from pathlib import Path

RECIPES = {
    "library": """
package: {name: library, version: "1.2.3"}
build:
  number: 3
  script: ["mkdir -p $PREFIX/lib", "echo x > $PREFIX/lib/library.txt"]
requirements:
  run: ["data >=1,<2", "__glibc >=2.17"]
  run_constraints: ["rival <3"]
  run_exports: {weak: ["library >=1.2.3,<2.0a0"], strong: ["library-strong"]}
about: {license: MIT, license_family: MIT, summary: A library, homepage: "https://a.example", description: "Long <b>"}
""",
    "data": """
package: {name: data, version: "1.0"}
build: {noarch: generic, script: ["mkdir -p $PREFIX/share", "echo data > $PREFIX/share/data.txt"]}
about: {license: Apache-2.0, repository: "https://r.example", documentation: "https://d.example"}
""",
    "pure": """
package: {name: pure, version: "0.1"}
build: {noarch: python, number: 7, script: ["mkdir -p $PREFIX/share", "echo data > $PREFIX/share/pure.txt"]}
requirements: {run: [python], run_exports: {noarch: [pure]}}
""",
    "featured": """
package: {name: featured, version: "1!2.0.dev1"}
build:
  script: ["mkdir -p $PREFIX/etc/conda/activate.d", "echo > $PREFIX/etc/conda/activate.d/featured.sh"]
  variant: {down_prioritize_variant: 2}
""",
}


@pytest.fixture(scope="session")
def real_packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Packages that rattler-build made, in folders called like their subdirs."""
    folder = tmp_path_factory.mktemp("built")
    recipes = []
    for name, text in RECIPES.items():
        recipes.append(folder / "recipes" / name / "recipe.yaml")
        recipes[-1].parent.mkdir(parents=True)
        recipes[-1].write_text(text)
    run("built_by_rattler_build.py", folder / "out", *recipes)
    return tuple(sorted((folder / "out").glob("*/*.conda")))
