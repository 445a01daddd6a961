"""What hypothesis draws plans and documents from."""

from __future__ import annotations

from hypothesis import strategies as st

from ci_tools.core.package import ArchiveFormat, Dist, Filename

names = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4})?", fullmatch=True)
dists = st.builds(
    Dist,
    name=names,
    version=st.from_regex(r"[0-9]\.[0-9]{1,2}", fullmatch=True),
    build=st.from_regex(r"h[0-9a-f]{7}_[0-9]", fullmatch=True),
)
filenames = st.builds(Filename, dist=dists, format=st.sampled_from(ArchiveFormat))
