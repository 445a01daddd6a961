"""The bytes of one object as they arrive; an answer that breaks off is taken up where it broke."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ci_tools.adapters.patience import pause
from ci_tools.adapters.stores.bodies import CHUNK
from ci_tools.adapters.stores.s3_errors import BROKEN, REFUSED, code
from ci_tools.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

BEYOND_END = {"InvalidRange", "416"}


class Reading:
    """The bytes [start, stop) of the object `at` (Bucket and Key), to be iterated once; `tries` answers at most.

    All of them are of one object: when it is replaced in between, the reading ends in RemoteError.
    """

    def __init__(
        self, client: S3Client, at: dict[str, Any], *, tries: int, start: int = 0, stop: int | None = None
    ) -> None:
        self.answer: Any = {}  # the first one's headers
        self._client = client
        self._at = at
        self._tries = tries
        self._start = start
        self._stop = stop

    def __iter__(self) -> Iterator[bytes]:
        for attempt in range(self._tries):
            try:
                yield from self._rest()
            except BROKEN:
                if attempt + 1 == self._tries:
                    raise
                pause(attempt)
            else:
                return

    def _rest(self) -> Iterator[bytes]:
        if self._start == self._stop:  # it broke behind the last byte
            return
        answer = self._asked()
        if answer is None:
            return
        self.answer = self.answer or answer
        with closing(answer["Body"]) as body:
            for chunk in body.iter_chunks(CHUNK):
                self._start += len(chunk)
                yield chunk

    def _asked(self) -> Any:  # noqa: ANN401 (the client's answer)
        last = "" if self._stop is None else self._stop - 1
        wanted: Any = {"Range": f"bytes={self._start}-{last}"} if self._start or self._stop is not None else {}
        same: Any = {"IfMatch": self.answer["ETag"]} if self.answer else {}
        try:
            return self._client.get_object(**self._at, **wanted, **same)
        except ClientError as exc:
            if code(exc) in BEYOND_END:
                return None
            if code(exc) in REFUSED:
                raise RemoteError("the object was replaced while it was read", hint="try again") from exc
            raise
