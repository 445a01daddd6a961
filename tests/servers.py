"""Real S3 servers on localhost, started when a test first asks for one and ended with the session."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ci_tools.adapters.stores.s3 import S3Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_s3 import S3Client

BIN = Path(sys.executable).parent
REGION = "us-east-1"
ACCESS_KEY, SECRET_KEY = "AKIATESTTESTTESTTEST", "test-secret-key-of-forty-characters-0000"
READY = "ready"  # the bucket that every server has
# The server ends when our end of the pipe does, so that a killed test run leaves nothing behind.
UNTIL_WE_END = 'exec 3<&0; "$@" </dev/null 3<&- & server=$!; (cat <&3 >/dev/null; kill -9 $server) & wait $server'
SEAWEEDFS_PORTS = 11
STARTS_WITHIN = 30.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Server:
    """One server; each test takes a bucket of its own."""

    name: str
    endpoint: str
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY

    @property
    def env(self) -> dict[str, str]:
        """What a process needs to be let in."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
        }

    def session(self) -> boto3.Session:
        return _session(self.access_key, self.secret_key)

    def client(self) -> S3Client:
        return _client(self)

    def bucket(self) -> str:
        """A fresh one. SeaweedFS takes 0.2 s for the first object in it, so most tests take a prefix instead."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return name

    def store(
        self, bucket: str = "", *, prefix: str = "", endpoint: str = "", at_once: int = 64 << 20, tries: int = 3
    ) -> S3Store:
        """A fresh store, or that of `acme` in `bucket`; `endpoint` is that of a proxy before the server."""
        return S3Store(
            bucket=bucket or READY, prefix=prefix or ("acme" if bucket else uuid.uuid4().hex), region=REGION,
            endpoint=endpoint or self.endpoint, session=self.session(), at_once=at_once, tries=tries,
        )  # fmt: skip


@cache
def _session(access_key: str, secret_key: str) -> boto3.Session:
    """Reading the descriptions of services takes longer than a test."""
    return boto3.Session(aws_access_key_id=access_key, aws_secret_access_key=secret_key, region_name=REGION)


@cache
def _client(server: S3Server) -> S3Client:
    return server.session().client("s3", endpoint_url=server.endpoint)


def has_seaweedfs() -> bool:
    return shutil.which("weed", path=str(BIN)) is not None


@contextmanager
def seaweedfs(folder: Path, ports: Sequence[int] = ()) -> Iterator[S3Server]:
    """SeaweedFS: real signatures, conditions that hold under races, objects that survive a kill.

    It ends by SIGKILL; on the same `folder` and `ports` (`SEAWEEDFS_PORTS` of them) it may be started again.
    """
    s3, *rest = ports or free_ports(SEAWEEDFS_PORTS)
    names = (
        "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
        "s3.port.grpc", "admin.port", "admin.port.grpc", "webdav.port",
    )  # fmt: skip
    ports = (f"-{name}={port}" for name, port in zip(names, rest, strict=True))
    argv = (
        str(BIN / "weed"), "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.port={s3}",
        "-webdav=false", "-admin.ui=false", "-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0", *ports,
    )  # fmt: skip
    server = S3Server(name="seaweedfs", endpoint=f"http://127.0.0.1:{s3}")
    with _running(argv, server, folder):
        yield server


@contextmanager
def moto(folder: Path) -> Iterator[S3Server]:
    """moto: the shape of the API; it checks neither signatures nor checksums and keeps everything in memory."""
    (port,) = free_ports(1)
    argv = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    server = S3Server(name="moto", endpoint=f"http://127.0.0.1:{port}")
    with _running(argv, server, folder):
        yield server


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now; all are held until the last is found, so that none comes twice."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for held in sockets:
            held.bind(("127.0.0.1", 0))
        return [held.getsockname()[1] for held in sockets]
    finally:
        for held in sockets:
            held.close()


@contextmanager
def _running(argv: tuple[str, ...], server: S3Server, folder: Path) -> Iterator[None]:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), **server.env}
    bounded = ("/bin/sh", "-c", UNTIL_WE_END, "sh", *argv)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            bounded, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(server, process, folder / "log")
            yield
        finally:
            process.communicate()


def _wait(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(server):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{server.name} did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _answers(server: S3Server) -> bool:
    """Whether it takes an object: listening is less than being ready."""
    quick = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=2)
    client = server.session().client("s3", endpoint_url=server.endpoint, config=quick)
    try:
        with suppress(client.exceptions.BucketAlreadyExists, client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=READY)
        client.put_object(Bucket=READY, Key="ready", Body=b"ready")
    except (BotoCoreError, ClientError):
        return False
    return True
