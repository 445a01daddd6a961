"""Moving in: packages of any channel, checked, attested and indexed; what cannot come is told."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from looking import Watched, assert_sound, listed
from packages import make_package
from simulator import Package, World
from upkeep import applied, curation, setting_at, state_of, yank

from ci_tools.adapters.archives import ArchiveReader
from ci_tools.adapters.match_specs import matches
from ci_tools.adapters.sources.folder import FolderSource
from ci_tools.adapters.sources.http import HttpSource
from ci_tools.core.importing import ImportRequest
from ci_tools.core.package import ArchiveFormat, Subdir
from ci_tools.core.repodata import IndexEntry, IndexState
from ci_tools.errors import StoreError
from ci_tools.flows.import_channel import Origin, choose, import_channel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_tools.core.importing import ImportPlan
    from ci_tools.core.receipt import RunReport
    from ci_tools.ports import ChannelSource, ObjectStore

SUBDIRS = (Subdir.NOARCH, Subdir.LINUX_64)
APP, LIB, OLD = "linux-64/app-1.0-0.conda", "noarch/lib-2.0-0.conda", "noarch/lib-1.0-0.tar.bz2"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Another channel: an application, its library in two versions, and something that nobody needs."""
    folder = tmp_path / "there"
    make_package(folder, "app", subdir=Subdir.LINUX_64, depends=["lib >=1", "python >=3.12", "__glibc >=2.17"])
    make_package(folder, "lib", "1.0", format=ArchiveFormat.TAR_BZ2, run_exports={"weak": ["lib >=1"]})
    make_package(folder, "lib", "2.0", depends=["leaf"])
    make_package(folder, "leaf")
    make_package(folder, "other")
    indexed(folder)
    return folder


def indexed(folder: Path) -> None:
    """Write repodata.json as a plain server has it."""
    for subdir in SUBDIRS:
        paths = [p for p in sorted((folder / subdir).glob("*")) if p.name.endswith((".conda", ".tar.bz2"))]
        found = [ArchiveReader().read(path, subdir) for path in paths]
        state = IndexState.empty(subdir).including(
            IndexEntry(filename=a.filename, record=a.record, run_exports=a.run_exports) for a in found
        )
        documents = {d.key.rpartition("/")[2]: d.body for d in state.documents()}
        (folder / subdir / "repodata.json").write_bytes(documents["repodata.json"])


def edited(folder: Path, subdir: Subdir, change: Any) -> None:
    path = folder / subdir / "repodata.json"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def planned(world: World, source: ChannelSource, *specs: str, deps: bool = False) -> tuple[ImportPlan, Origin]:
    origin = Origin(source=source, subdirs=SUBDIRS)
    request = ImportRequest(specs=specs, with_dependencies=deps)
    return choose(origin, request, matches, setting_at(world, what="import")), origin


def imported(
    world: World, source: ChannelSource, *specs: str, deps: bool = False, store: ObjectStore | None = None
) -> RunReport:
    plan, origin = planned(world, source, *specs, deps=deps)
    return import_channel(plan, origin, setting_at(world, store=store, what="import"), world.press(store=store))


def test_everything_comes_with_its_bytes(world: World, there: Path) -> None:
    report = imported(world, FolderSource(there))
    assert (report.receipt.cause.what, report.refused) == ("import", ())
    assert {p.source for p in report.receipt.published} == {there.as_uri()}
    files = {f"{path.parent.name}/{path.name}": path for path in there.glob("*/*") if path.suffix != ".json"}
    for key, path in files.items():
        assert world.store.get(key).body == path.read_bytes()
    assert set(report.uploaded) == files.keys()
    assert listed(world.store).keys() == {key for key in files if key.endswith(".conda")}
    assert state_of(world).build(ArchiveReader().read(files[LIB], Subdir.NOARCH).filename).source == there.as_uri()
    assert_sound(world.store)
    assert imported(world, FolderSource(there)).receipt is None


@pytest.mark.parametrize(
    ("specs", "deps", "keys"),
    [
        (["lib <2"], False, {OLD}), (["app"], False, {APP}), (["app"], True, {APP, LIB, "noarch/leaf-1.0-0.conda"}),
        (["lib", "other"], False, {OLD, LIB, "noarch/other-1.0-0.conda"}),
    ],
)  # fmt: skip
def test_match_specs_say_what_comes(
    memory: World,
    there: Path,
    specs: list[str],
    deps: bool,  # noqa: FBT001 (a parameter of the table)
    keys: set[str],
) -> None:
    plan, _ = planned(memory, FolderSource(there), *specs, deps=deps)
    assert {offer.key for offer in plan.wanted} == keys
    assert plan.missing == (("python >=3.12",) if deps else ())
    assert plan.size == sum((there / key).stat().st_size for key in keys)
    assert list(memory.store.list("")) == []


def test_what_matches_nothing_is_told(memory: World, there: Path) -> None:
    plan, _ = planned(memory, FolderSource(there), "lib", "nothing >=1")
    assert plan.missing == ("nothing >=1",)


def test_an_altered_package_is_refused_and_the_rest_comes(memory: World, there: Path) -> None:
    make_package(there, "leaf", files={"share/x": b"other bytes"})
    (there / "noarch/other-1.0-0.conda").unlink()
    (there / "noarch/lib-2.0-0.conda").write_bytes(b"no package")
    report = imported(memory, FolderSource(there))
    refused = {refusal.what: refusal.because for refusal in report.refused}
    assert refused.keys() == {"noarch/leaf-1.0-0.conda", "noarch/other-1.0-0.conda", LIB}
    assert "its bytes are not those of its record" in refused["noarch/leaf-1.0-0.conda"]
    assert "is listed there, and is not there" in refused["noarch/other-1.0-0.conda"]
    assert listed(memory.store).keys() == {APP}
    assert_sound(memory.store)


def test_a_record_that_says_too_little_is_refused(memory: World, there: Path) -> None:
    def spoil(document: dict[str, Any]) -> None:
        conda = document["packages.conda"]
        for digest in ("sha256", "md5"):
            del conda["leaf-1.0-0.conda"][digest]
        del conda["other-1.0-0.conda"]["version"]
        del conda["lib-2.0-0.conda"]["md5"]
        conda["strange.conda"] = {"name": "strange"}

    edited(there, Subdir.NOARCH, spoil)
    plan, _ = planned(memory, FolderSource(there))
    assert {r.what.rpartition("/")[2] for r in plan.refused} == {
        "leaf-1.0-0.conda", "other-1.0-0.conda", "strange.conda",
    }  # fmt: skip
    assert {offer.key for offer in plan.wanted} == {APP, LIB, OLD}


def test_a_file_name_is_a_promise(memory: World, there: Path) -> None:
    memory.publish(Package(name="leaf", salt="ours"))
    report = imported(memory, FolderSource(there), "leaf")
    assert [r.because for r in report.refused] == ["is already published here with different bytes"]
    imported(memory, FolderSource(there), "other")
    applied(memory, curation(yank("other-1.0-0.conda")))
    memory.curation = curation(yank("other-1.0-0.conda"))
    assert imported(memory, FolderSource(there), "other").already_there == ("noarch/other-1.0-0.conda",)
    assert "noarch/other-1.0-0.conda" not in listed(memory.store)


class _DiedError(BaseException):
    pass


def test_a_killed_import_goes_on_without_fetching_again(memory: World, there: Path) -> None:
    def die(_number: int, key: str) -> None:
        if key.startswith("receipts/"):
            raise _DiedError

    dying = Watched(under=memory.store, before=[die])
    with pytest.raises(_DiedError):
        imported(memory, FolderSource(there), store=dying)
    for path in there.glob("*/*"):
        if path.suffix != ".json":
            path.unlink()
    report = imported(memory, FolderSource(there))
    assert (len(report.receipt.published), report.refused) == (5, ())
    assert_sound(memory.store)


def test_a_place_that_is_no_channel_is_told(memory: World, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="there is no channel at"):
        planned(memory, FolderSource(tmp_path / "empty"))


class Served(http.server.SimpleHTTPRequestHandler):
    """A server that wants a password, and sends packages from another host that must not see it."""

    def do_GET(self) -> None:
        host = self.headers["Host"].partition(":")[0]
        wanted = "Basic " + base64.b64encode(b"me:secret").decode()
        self.server.seen.append((host, self.headers.get("Authorization")))  # type: ignore[attr-defined]
        if host == "127.0.0.1" and self.headers.get("Authorization") != wanted:
            self.send_error(401)
        elif host == "127.0.0.1" and self.path.endswith((".conda", ".bz2")):
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_port}{self.path}")  # type: ignore[attr-defined]
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(there: Path) -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Served, directory=str(there)))
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_server_may_want_a_password_and_send_on(memory: World, served: http.server.ThreadingHTTPServer) -> None:
    port = served.server_port
    with HttpSource(f"http://me:secret@127.0.0.1:{port}", redirects=5) as source:
        report = imported(memory, source, "lib")
    assert {p.source for p in report.receipt.published} == {f"http://127.0.0.1:{port}"}
    assert set(report.uploaded) == {LIB, OLD}
    assert {credential for host, credential in served.seen if host == "localhost"} == {None}  # type: ignore[attr-defined]
    assert b"secret" not in b"".join(memory.store.get(head.key).body for head in memory.store.list("receipts/"))
    with HttpSource(f"http://127.0.0.1:{port}") as source, pytest.raises(StoreError, match="401"):
        imported(memory, source)


def test_shards_alone_are_enough(memory: World, there: Path, tmp_path: Path) -> None:
    other = World(folder=tmp_path / "other")
    imported(other, FolderSource(there))
    mirror = tmp_path / "mirror"
    for head in other.store.list(""):
        if "/shards/" in head.key or head.key.endswith(("repodata_shards.msgpack.zst", ".conda", ".tar.bz2")):
            path = mirror / head.key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(other.store.get(head.key).body)
    report = imported(memory, FolderSource(mirror))
    assert len(report.uploaded) == 5
    assert listed(memory.store) == listed(other.store)


def test_dry_runs_and_reruns_see_what_is_here(memory: World, there: Path) -> None:
    imported(memory, FolderSource(there), "lib")
    plan, _ = planned(memory, FolderSource(there), "lib", "leaf")
    assert (set(plan.already), [offer.key for offer in plan.wanted]) == ({LIB, OLD}, ["noarch/leaf-1.0-0.conda"])
