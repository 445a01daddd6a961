"""Zstandard for documents: one frame that says its size, and never more out than the caller allows."""

from __future__ import annotations

import zstandard

from ci_tools.errors import StoreError

FAST = 3  # for what every publish writes anew
LARGEST = 4 << 30  # bytes of one document


def packed(body: bytes, level: int = FAST) -> bytes:
    """`body` as one zstd frame; equal bytes and equal levels give equal frames."""
    return zstandard.ZstdCompressor(level=level).compress(body)


def unpacked(frame: bytes, what: str, limit: int = LARGEST) -> bytes:
    """What was packed, frame by frame as foreign writers may have it; StoreError names `what` where that fails."""
    try:
        known = zstandard.frame_content_size(frame)
        if known > limit:
            raise StoreError(f"`{what}` unpacks to more than {limit} bytes")
        if known >= 0:
            return zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)
        with zstandard.ZstdDecompressor().stream_reader(frame, read_across_frames=True) as reader:
            body = reader.read(limit + 1)
    except zstandard.ZstdError as exc:
        raise StoreError(f"`{what}` is no zstd document", hint="`channel index rebuild` writes it anew") from exc
    if len(body) > limit:
        raise StoreError(f"`{what}` unpacks to more than {limit} bytes")
    return body
