"""The page that somebody sees who opens the channel in a browser."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST = 200  # rows; the rest is in channeldata.json

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884 }}
td:nth-child(2) {{ white-space: nowrap }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{count} in {subdirs}.</p>
<table>
<thead><tr><th>Package</th><th>Newest</th><th>For</th><th>What it is</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
<p>{rest}<a href="channeldata.json">channeldata.json</a> has all of it for programs.</p>
</body>
</html>
"""


def overview(title: str, packages: Mapping[str, Mapping[str, Any]], subdirs: Sequence[str]) -> str:
    """The page as HTML, the most recently built packages on top; everything that packages say is escaped."""
    recent = sorted(packages, key=lambda name: (-packages[name].get("timestamp", 0), name))
    left = len(recent) - MOST
    links = (f'<a href="{escape(subdir)}/repodata.json">{escape(subdir)}</a>' for subdir in subdirs)
    return PAGE.format(
        title=escape(title),
        count="1 package" if len(packages) == 1 else f"{len(packages)} packages",
        subdirs=", ".join(links) or "no subdir yet",
        rows="\n".join(_row(name, packages[name]) for name in recent[:MOST]),
        rest=f"And {left} more: " if left > 0 else "",
    )


def _row(name: str, package: Mapping[str, Any]) -> str:
    cells = (name, package.get("version"), ", ".join(package.get("subdirs", ())), package.get("summary"))
    return "<tr>" + "".join(f"<td>{escape(str(cell or ''))}</td>" for cell in cells) + "</tr>"
