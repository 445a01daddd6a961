"""What a recipe says of itself: its licence and what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from ci_tools.core.edits import replacing
from ci_tools.core.lint.rule import Level, Rule, Spot, Subject, name_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.written import Field, Path, Written

# What people write, and the one thing that it can mean (SPDX).
MEANT = {
    "apache": "Apache-2.0", "apache 2": "Apache-2.0", "apache 2.0": "Apache-2.0", "apache-2": "Apache-2.0",
    "apache software": "Apache-2.0", "apache license 2.0": "Apache-2.0", "apache license, version 2.0": "Apache-2.0",
    "apache v2": "Apache-2.0", "apache software license": "Apache-2.0", "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause", "bsd-3": "BSD-3-Clause", "new bsd": "BSD-3-Clause", "3-clause bsd": "BSD-3-Clause",
    "2-clause bsd": "BSD-2-Clause", "simplified bsd": "BSD-2-Clause", "mit license": "MIT", "the mit license": "MIT",
    "expat": "MIT", "isc license": "ISC", "mpl 2.0": "MPL-2.0", "mpl2": "MPL-2.0", "mpl-2": "MPL-2.0",
    "mozilla public license 2.0": "MPL-2.0", "boost": "BSL-1.0", "boost software license": "BSL-1.0",
    "zlib license": "Zlib", "unlicense": "Unlicense", "psf": "PSF-2.0", "python software foundation license": "PSF-2.0",
    "gplv2+": "GPL-2.0-or-later", "gplv3+": "GPL-3.0-or-later", "gpl-2.0+": "GPL-2.0-or-later",
    "gpl-3.0+": "GPL-3.0-or-later", "lgplv2.1+": "LGPL-2.1-or-later", "lgplv3+": "LGPL-3.0-or-later",
    "new bsd license": "BSD-3-Clause",
    "gpl (>= 2)": "GPL-2.0-or-later",
    "gpl (>= 2.0)": "GPL-2.0-or-later",
    "gpl (>= 3)": "GPL-3.0-or-later",
    "lgpl (>= 2.1)": "LGPL-2.1-or-later",
    "lgpl (>= 3)": "LGPL-3.0-or-later",
    "mit + file license": "MIT",
    "bsd_2_clause + file license": "BSD-2-Clause",
    "bsd_3_clause + file license": "BSD-3-Clause",
    "proprietary": "LicenseRef-Proprietary", "commercial": "LicenseRef-Proprietary", "eula": "LicenseRef-EULA",
}  # fmt: skip


def _said(written: Written, package: Path, *keys: str) -> tuple[Field, ...]:
    """What is said about a package, by itself or at the top."""
    for key in keys:
        if found := (written.scalars(*package, "about", key) or written.scalars("about", key)):
            return tuple(each for each in found if each.value)
    return ()


def _where(written: Written, package: Path) -> Field | None:
    return written.first(*package, "about") or written.first("about") or name_field(written, package)


def _license(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    lacking = [package for package in written.packages() if not _said(written, package, "license")]
    if lacking:
        hint = "say `about: {license: …}` as SPDX; `LicenseRef-Proprietary` for what is your own"
        yield Spot.at(_where(written, lacking[0]), "it does not say its licence", hint)


def _spdx(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    fields = {field: None for package in written.packages() for field in _said(written, package, "license")}
    for field in fields:
        said = field.value or ""
        meant = _canonical(said)
        if "{{" in said or said == meant:
            continue
        if meant:
            spot = f"SPDX writes `{said}` as `{meant}`"
            yield Spot.at(field, spot, f"say `{meant}`", (replacing(written, field, meant),))
        else:
            hint = "take an identifier of SPDX, or `LicenseRef-NAME` with a `license_file`"
            yield Spot.at(field, f"`{said}` is no licence that SPDX knows", hint)


def _canonical(said: str) -> str:
    """The licence as SPDX writes it, empty where it is not known."""
    if known := MEANT.get(" ".join(said.lower().split())):
        return known
    try:
        return str(canonicalize_license_expression(said))
    except InvalidLicenseExpression:
        return ""


def _license_file(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    for package in written.packages():
        said = _said(written, package, "license")
        if said and not _said(written, package, "license_file", "license_files"):
            hint = "name it: `license_file: LICENSE`, from the source or beside the recipe"
            yield Spot.at(said[0], "the package holds no text of its licence", hint)
            return


def _summary(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    if not any(_said(written, package, "summary") for package in written.packages()):
        yield Spot.at(_where(written, ()), "it does not say what it is", "add `summary:`, one sentence")


RULES = (
    Rule(
        id="missing-license",
        level=Level.ERROR,
        title="the recipe does not say its licence",
        why="Whoever installs it does not know whether they may, and an SBOM of what you run has a hole.",
        how="`license:` in `about:`, as an SPDX expression. What is your own: `LicenseRef-Proprietary`.",
        check=_license,
    ),
    Rule(
        id="unknown-license",
        level=Level.WARNING,
        title="the licence is not written as SPDX writes it",
        why="Tools that check licences take what they cannot read for the worst.",
        how="An SPDX expression: `MIT`, `Apache-2.0 OR MIT`, `LicenseRef-NAME`.",
        check=_spdx,
        fixes=True,
    ),
    Rule(
        id="missing-license-file",
        level=Level.NOTICE,
        title="the package holds no text of its licence",
        why="Most licences ask that their text goes with every copy.",
        how="`license_file:` in `about:`, a file of the source or beside the recipe.",
        check=_license_file,
    ),
    Rule(
        id="missing-summary",
        level=Level.NOTICE,
        title="the recipe does not say what it is",
        why="The listing of the channel and the search of clients show this sentence.",
        how="`summary:` in `about:`.",
        check=_summary,
    ),
)
