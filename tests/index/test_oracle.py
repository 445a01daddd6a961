"""Our documents against those of py-rattler's indexer and against an unmodified py-rattler client."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from child import run
from packages import make_package
from rattler import MatchSpec

from ci_tools.adapters.archives import ArchiveReader
from ci_tools.core import layout
from ci_tools.core.package import ArchiveFormat, Artifact, Subdir
from ci_tools.core.repodata import IndexEntry, IndexState
from ci_tools.core.shards import read_shard, read_shard_index

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Served = tuple["Path", str, list[str]]  # the folder, its URL, the paths that were asked for
L64, NOARCH = Subdir.LINUX_64, Subdir.NOARCH
CLOCK = "indexed_timestamp"  # rattler's, when it looked at the file; law 4 forbids a clock in our documents

ODD: Mapping[str, dict[str, Any]] = {
    "plain": {},
    "features": {"features": "x y", "track_features": "x y"},
    "no-features": {"features": "", "track_features": ""},
    "listed": {"track_features": ["a", "b"]},
    "commas": {"track_features": "a,b"},
    "none-listed": {"track_features": []},
    "pure": {"subdir": NOARCH, "noarch": "python", "python_site_packages_path": "x"},
    "no-noarch": {"subdir": NOARCH, "noarch": ...},
    "null-noarch": {"noarch": None},
    "empty-noarch": {"noarch": ""},
    "false-noarch": {"noarch": False},
    "empty-arch": {"subdir": NOARCH, "arch": "", "platform": ""},
    "null-arch": {"arch": None, "platform": None},
    "seconds": {"timestamp": 1_500_000_000},
    "milliseconds": {"timestamp": 1_500_000_000_123},
    "epoch": {"timestamp": 0},
    "no-time": {"timestamp": None},
    "no-licence": {"license": "", "license_family": ""},
    "null-licence": {"license": None},
    "licence": {"license": "MIT AND (Apache-2.0 OR GPL-2.0)", "license_family": "\u00fc\u2028\n"},
    "purls": {"purls": ["pkg:pypi/x@1"]},
    "no-purls": {"purls": []},
    "null-purls": {"purls": None},
    "constrains": {"constrains": ["z <1", "a"], "depends": ["b >1", "a"]},
    "no-constrains": {"constrains": []},
    "no-depends": {"depends_": 1},
    "site-packages": {"python_site_packages_path": "lib/python3.13t/site-packages"},
    "null-path": {"python_site_packages_path": None},
    "unknown": {"schema_version": 2, "app": {"x": 1}, "preferred_env": "q", "provenance": {"y": []}},
    "digests": {"md5": "abc", "sha256": "00", "size": 5},
    "exporting": {
        "run_exports": {"weak": ["a >=1"], "strong": [], "noarch": ["b"], "weak_constrains": ["c"], "odd": 1}
    },
    "built": {"build_number": 7, "build": "py312h0123456_7", "version": "1!2.0+loc.1_"},
}


def odd_packages(folder: Path) -> None:
    for name, fields in ODD.items():
        for kind in (ArchiveFormat.CONDA,) if "run_exports" in fields else ArchiveFormat:
            make_package(folder, name, format=kind, **{"subdir": L64, **fields})


def artifacts(folder: Path) -> list[Artifact]:
    paths = (p for p in sorted(folder.glob("*/*")) if p.name.endswith((".conda", ".tar.bz2")))
    return [ArchiveReader().read(path, Subdir(path.parent.name)) for path in paths]


def states(found: list[Artifact]) -> dict[Subdir, IndexState]:
    entries = [IndexEntry(filename=a.filename, record=a.record, run_exports=a.run_exports) for a in found]
    return {
        subdir: IndexState.empty(subdir).including(e for e in entries if e.record.subdir == subdir)
        for subdir in (L64, NOARCH)
    }


def written(folder: Path) -> dict[str, bytes]:
    return {d.key: d.body for state in states(artifacts(folder)).values() for d in state.documents()}


def records(repodata: bytes) -> dict[str, Any]:
    document = json.loads(repodata)
    every = document["packages"] | document["packages.conda"]
    return {name: {k: v for k, v in record.items() if k != CLOCK} for name, record in every.items()}


def by_name(repodata: bytes) -> dict[str, Any]:
    return {record["name"]: record for record in records(repodata).values()}


def shards(folder: Mapping[str, bytes], subdir: Subdir) -> dict[str, Any]:
    index = read_shard_index(folder[f"{subdir}/{layout.SHARD_INDEX}"], "")
    found = {name: read_shard(folder[layout.shard_key(subdir, digest.hex())], name) for name, digest in index.items()}
    for shard in found.values():
        for section in ("packages", "packages.conda"):
            shard[section] = {f: {k: v for k, v in r.items() if k != CLOCK} for f, r in shard[section].items()}
    return found


@pytest.fixture(scope="module")
def both_indexes(tmp_path_factory: pytest.TempPathFactory, real_packages: tuple[Path, ...]) -> tuple[Any, Any]:
    """The same folder of packages as we index it and as rattler does: key -> bytes."""
    folder = tmp_path_factory.mktemp("channel")
    odd_packages(folder)
    for path in real_packages:
        shutil.copy(path, folder / path.parent.name)
    ours = written(folder)
    run("indexed_by_rattler.py", folder)
    return ours, {str(p.relative_to(folder)): p.read_bytes() for p in folder.glob("**/*") if p.is_file()}


@pytest.mark.parametrize("subdir", [L64, NOARCH])
def test_records_are_those_that_rattler_writes(both_indexes: tuple[Any, Any], subdir: Subdir) -> None:
    ours, theirs = (records(index[f"{subdir}/{layout.REPODATA}"]) for index in both_indexes)
    assert len(ours) >= 8
    assert ours == theirs


@pytest.mark.parametrize("subdir", [L64, NOARCH])
def test_shards_are_those_that_rattler_writes(both_indexes: tuple[Any, Any], subdir: Subdir) -> None:
    ours, theirs = (shards(index, subdir) for index in both_indexes)
    assert ours == theirs


def test_real_packages_are_among_them(both_indexes: tuple[Any, Any]) -> None:
    ours = records(both_indexes[0]["linux-64/repodata.json"]) | records(both_indexes[0]["noarch/repodata.json"])
    names = {record["name"]: record for record in ours.values()}
    assert {"library", "data", "pure", "featured"} <= names.keys()
    assert names["library"]["run_exports"] == {"strong": ["library-strong"], "weak": ["library >=1.2.3,<2.0a0"]}
    assert names["library"]["constrains"] == ["rival <3"]


def test_the_five_differences_to_rattler_are_meant(tmp_path: Path) -> None:
    specs = ["python>=3.8", "foo  >=1", "foo 1.0 h_0", "foo=1", "foo=1.2=h_1"]
    make_package(tmp_path, "sloppy", depends=specs, constrains=specs, subdir=L64)
    make_package(tmp_path, "exporting-nothing", run_exports={}, subdir=L64)
    make_package(tmp_path, "exporting", run_exports={"weak": ["a"]}, subdir=L64, format=ArchiveFormat.TAR_BZ2)
    make_package(tmp_path, "old", noarch=True)
    ours = written(tmp_path)
    run("indexed_by_rattler.py", tmp_path)
    theirs = by_name((tmp_path / "linux-64/repodata.json").read_bytes())
    mine = by_name(ours["linux-64/repodata.json"])
    # CEP 36: records repeat what index.json says, so specs are as the author wrote them; they mean the same.
    assert mine["sloppy"]["depends"] == specs
    assert [str(MatchSpec(s)) for s in specs] == theirs["sloppy"]["depends"] == theirs["sloppy"]["constrains"]
    # Nothing said and nothing exported are one and the same.
    assert theirs["exporting-nothing"] == mine["exporting-nothing"] | {"run_exports": {}}
    # Its indexer does not look for them in a .tar.bz2.
    assert mine["exporting"] == theirs["exporting"] | {"run_exports": {"weak": ["a"]}}
    # What `true` was once short for is written out.
    assert records(ours["noarch/repodata.json"])["old-1.0-0.conda"]["noarch"] == "generic"
    assert CLOCK not in ours["linux-64/repodata.json"].decode()


class Folder(http.server.SimpleHTTPRequestHandler):
    """A folder over HTTP that remembers what was asked for."""

    def log_message(self, *_: object) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]


@pytest.fixture
def served(tmp_path: Path, real_packages: tuple[Path, ...]) -> Iterator[Served]:
    """A channel in a folder, indexed by us and served on localhost."""
    folder = tmp_path / "channel"
    make_package(folder, "tool", "1.0", depends=["library >=1"], files={"bin/tool": b"#!/bin/sh\necho made\n"})
    make_package(folder, "tool", "0.9", format=ArchiveFormat.TAR_BZ2)
    for path in real_packages:
        (folder / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path.parent.name)
    make_package(folder, "__glibc", "2.30", subdir=L64)
    for key, body in written(folder).items():
        (folder / key).parent.mkdir(exist_ok=True)
        (folder / key).write_bytes(body)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Folder, directory=str(folder)))
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}", server.seen  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("form", ["shards", "json"])
def test_a_plain_rattler_client_solves_and_installs(
    served: tuple[Path, str, list[str]], tmp_path: Path, form: str
) -> None:
    folder, url, seen = served
    if form == "json":
        for path in (*folder.glob("*/*.zst"), *folder.glob("*/shards/*")):
            path.unlink()
    solved = run(
        "installed_by_rattler.py", url, tmp_path / "prefix", tmp_path / "cache", "01"[form == "shards"], "tool"
    )
    assert {re.sub(r"-[0-9].*", "", name) for name in json.loads(solved)} == {"tool", "library", "data", "__glibc"}
    assert (tmp_path / "prefix/bin/tool").read_bytes().startswith(b"#!/bin/sh")
    assert (tmp_path / "prefix/share/data.txt").exists()
    assert any("/shards/" in path for path in seen) == (form == "shards")
    assert any(path.endswith("repodata.json") for path in seen) == (form == "json")


def test_a_plain_rattler_client_takes_old_formats_too(served: Served, tmp_path: Path) -> None:
    _, url, _ = served
    solved = run("installed_by_rattler.py", url, tmp_path / "prefix", tmp_path / "cache", "1", "tool <1")
    assert json.loads(solved) == ["tool-0.9-0.tar.bz2"]
    assert (tmp_path / "prefix/share/x").read_bytes() == b"x"
