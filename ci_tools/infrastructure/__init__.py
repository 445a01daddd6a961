"""What is deployed, as data: the CloudFormation template, and the functions of the edge in JavaScript."""

from __future__ import annotations

from importlib.resources import files

EDGE_FUNCTION = (files(__name__) / "edge.js").read_text(encoding="utf-8")
PLUS_FUNCTION = (files(__name__) / "plus.js").read_text(encoding="utf-8")
