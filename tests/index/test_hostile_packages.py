"""Packages that are not what they say: one for each trick, made for real."""

from __future__ import annotations

import bz2
import io
import json
import struct
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from packages import METADATA, Member, archive, as_json, conda, info_members, make_package, tar, zst

from ci_tools.adapters.archives import ArchiveReader
from ci_tools.adapters.unpacking import Limits
from ci_tools.core.package import ArchiveFormat, Subdir
from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

L64 = Subdir.LINUX_64
STEM = "foo-1.0-0"
INFO, PKG = f"info-{STEM}.tar.zst", f"pkg-{STEM}.tar.zst"
INDEX = {"name": "foo", "version": "1.0", "build": "0", "build_number": 0, "depends": [], "subdir": "linux-64"}
FILE = Member(name="share/x", data=b"x")
TRUNCATED = "it is truncated, or no package"


def info(index: bytes | Mapping[str, Any] = INDEX, *more: Member) -> tuple[Member, ...]:
    told = tuple(m for m in info_members({}, (FILE,)))
    content = index if isinstance(index, bytes) else as_json(index)
    return (Member(name="info/index.json", data=content), *told, *more)


def refused(folder: Path, body: bytes, name: str = f"{STEM}.conda", subdir: Subdir = L64, **limits: int) -> str:
    path = folder / name
    path.write_bytes(body)
    with pytest.raises(PackageError) as refusal:
        ArchiveReader(limits=Limits(**limits)).read(path, subdir)
    assert str(refusal.value).startswith(f"`{subdir}/{name}`: ")
    return "; ".join(p.message.split(": ", 1)[1] for p in refusal.value.problems)


def both(*contents: Member, index: bytes | Mapping[str, Any] = INDEX, more: tuple[Member, ...] = ()) -> list[Any]:
    parts = info(index, *more)
    return [(f"{STEM}{kind.value}", archive(f"{STEM}{kind.value}", parts, contents)) for kind in ArchiveFormat]


def parts(**changed: bytes) -> dict[str, bytes]:
    return {"metadata.json": METADATA, PKG: zst(tar([FILE])), INFO: zst(tar(info()))} | changed


@pytest.mark.parametrize("kind", ArchiveFormat)
def test_a_package_cut_off_anywhere_is_refused(tmp_path: Path, kind: ArchiveFormat) -> None:
    body = make_package(tmp_path, "foo", subdir=L64, format=kind).read_bytes()
    for length in range(0, len(body), 7):
        refused(tmp_path, body[:length], f"{STEM}{kind.value}")


@pytest.mark.parametrize("kind", ArchiveFormat)
def test_a_package_with_any_byte_changed_is_refused_or_has_other_digests(tmp_path: Path, kind: ArchiveFormat) -> None:
    path = make_package(tmp_path, "foo", subdir=L64, format=kind)
    whole = ArchiveReader().read(path, L64).record.sha256
    body = path.read_bytes()
    for at in range(0, len(body), 11):
        path.write_bytes(body[:at] + bytes([body[at] ^ 0x55]) + body[at + 1 :])
        try:
            assert ArchiveReader().read(path, L64).record.sha256 != whole
        except PackageError:
            continue


@pytest.mark.parametrize("name", [f"{STEM}.conda", f"{STEM}.tar.bz2"])
@pytest.mark.parametrize("body", [b"", b"nonsense" * 99, b"PK\x05\x06" + bytes(18), bz2.compress(b"x" * 999)])
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str, body: bytes) -> None:
    refused(tmp_path, body, name)


def test_a_file_that_is_no_package_by_name_is_refused(tmp_path: Path) -> None:
    assert "is not a package's file name" in refused(tmp_path, b"", "notes.txt")


def test_a_missing_file_is_a_package_error(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="it cannot be read"):
        ArchiveReader().read(tmp_path / f"{STEM}.conda", L64)


@pytest.mark.parametrize("kind", ArchiveFormat)
@pytest.mark.parametrize("name", ["bar-1.0-0", "foo-1.1-0", "foo-1.0-1"])
def test_a_renamed_package_is_refused(tmp_path: Path, kind: ArchiveFormat, name: str) -> None:
    body = make_package(tmp_path, "foo", subdir=L64, format=kind).read_bytes()
    message = refused(tmp_path, body, f"{name}{kind.value}")
    assert "foo-1.0-0" in message


def test_a_conda_whose_entries_were_renamed_too_is_refused(tmp_path: Path) -> None:
    body = archive("bar-1.0-0.conda", info(), [FILE])
    assert refused(tmp_path, body, "bar-1.0-0.conda") == "it is `foo-1.0-0` inside"


@pytest.mark.parametrize(("name", "body"), both(FILE))
def test_a_package_of_another_subdir_is_refused(tmp_path: Path, name: str, body: bytes) -> None:
    assert refused(tmp_path, body, name, Subdir.NOARCH) == "it is for linux-64, not noarch"


@pytest.mark.parametrize("trick", ["../x", "a/../../x", "..", "/etc/x", "//x", "a\\..\\..\\x", "\\x", "C:/x", "c:x"])
@pytest.mark.parametrize("in_info", [True, False])
def test_paths_out_of_the_tree_are_refused(tmp_path: Path, trick: str, in_info: bool) -> None:  # noqa: FBT001
    bad = Member(name=f"info/{trick}" if in_info and not trick.startswith(("/", "\\", "C", "c")) else trick, data=b"x")
    for name, body in both(*() if in_info else (bad,), more=(bad,) if in_info else ()):
        message = refused(tmp_path, body, name)
        assert "leads out of the package" in message or "has an absolute path" in message


@pytest.mark.parametrize("name", ["a\nb", "a\x7f", "x" * 4097])
def test_odd_names_are_refused(tmp_path: Path, name: str) -> None:
    for file, body in both(Member(name=name)):
        assert " member " in refused(tmp_path, body, file)


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> Member:
    return Member(name=name, kind=kind, target=target)


@pytest.mark.parametrize(
    "links",
    [
        [link("a", "/etc/passwd")],
        [link("a", "..")],
        [link("lib/a", "../../x")],
        [link("a", "b/../../x")],
        [link("a", "..\\x")],
        [link("a", "C:\\x")],
        # Lexically inside, really outside: `d/e/here` is `d/e`, so three up from it is one too many.
        [Member(name="d/e/f", data=b""), link("d/e/here", "."), link("a", "d/e/here/../../..")],
        [link("a", "b"), link("b", "a")],
        [link("a", "a")],
    ],
)
def test_links_out_of_the_tree_are_refused(tmp_path: Path, links: list[Member]) -> None:
    for name, body in both(*links):
        assert "the link `a" in refused(tmp_path, body, name).replace("lib/a", "a")


@pytest.mark.parametrize(
    "members",
    [
        [link("a", "b"), Member(name="a/x", data=b"x")],
        [Member(name="a/x", data=b"x"), link("a", "b")],
        [Member(name="a", data=b"x"), Member(name="a/b/c", data=b"x")],
    ],
)
def test_nothing_lies_below_a_link_or_a_file(tmp_path: Path, members: list[Member]) -> None:
    for name, body in both(*members):
        assert refused(tmp_path, body, name).startswith("a member lies below `a`, which is a")


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "nowhere", "s"])
def test_hard_links_lead_to_files_of_the_package_only(tmp_path: Path, target: str) -> None:
    links = [Member(name="f", data=b"x"), link("s", "f"), link("a", target, tarfile.LNKTYPE)]
    for name, body in both(*links):
        assert refused(tmp_path, body, name)


def test_links_that_stay_inside_are_fine(tmp_path: Path) -> None:
    links = [
        Member(name="lib/x.so.1", data=b"x"), link("lib/x.so", "x.so.1"), link("lib64", "lib"), link("a", "lib64/x.so"),
        link("share/b", "../lib64/../lib/x.so"), link("h", "lib/x.so.1", tarfile.LNKTYPE), link("gone", "bin/nothing"),
    ]  # fmt: skip
    for name, body in both(*links):
        (tmp_path / name).write_bytes(body)
        assert ArchiveReader().read(tmp_path / name, L64).record.name == "foo"


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE, b"?"])
def test_devices_and_other_oddities_are_refused(tmp_path: Path, kind: bytes) -> None:
    for name, body in both(Member(name="dev/x", kind=kind)):
        assert refused(tmp_path, body, name)


@pytest.mark.parametrize("twice", ["info/index.json", "./info/index.json", "info//index.json"])
def test_a_second_index_json_is_refused(tmp_path: Path, twice: str) -> None:
    for name, body in both(FILE, more=(Member(name=twice, data=as_json(INDEX)),)):
        assert refused(tmp_path, body, name) == "the member `info/index.json` comes twice"


def test_info_hidden_in_the_pkg_part_is_refused(tmp_path: Path) -> None:
    hidden = Member(name="info/index.json", data=as_json(INDEX | {"depends": ["evil"]}))
    message = refused(tmp_path, archive(f"{STEM}.conda", info(), [FILE, hidden]))
    assert message == "the member `info/index.json` is in the pkg part, where it does not belong"
    assert "in the info part" in refused(tmp_path, archive(f"{STEM}.conda", info(INDEX, FILE), []))


def test_a_package_without_index_json_is_refused(tmp_path: Path) -> None:
    for kind in ArchiveFormat:
        body = archive(f"{STEM}{kind.value}", info()[1:], [FILE])
        assert refused(tmp_path, body, f"{STEM}{kind.value}") == "it has no info/index.json"


def test_index_json_that_is_a_link_is_no_index_json(tmp_path: Path) -> None:
    body = archive(f"{STEM}.conda", (*info()[1:], link("info/index.json", "files")), [FILE])
    assert refused(tmp_path, body).startswith("info/index.json is not JSON")


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (b"[]", "is not a JSON object"),
        (b"{", "is not JSON"),
        (b"\xff{}", "is not JSON"),
        (b'{"name":"a","name":"b"}', "the key `name` comes twice"),
        (b'{"timestamp":NaN}', "NaN is no number"),
        (b'{"name":"\\ud800"}', "is not JSON"),
        (b'{"a":' + b"[" * 99999, "is not JSON"),
        (b'{"build_number":' + b"9" * 9999 + b"}", "is not JSON"),
        (b"{}", "`name` is missing"),
        (as_json(INDEX | {"build_number": "0"}), "`build_number` is not a whole number"),
        (as_json(INDEX | {"build_number": True}), "`build_number` is not a whole number"),
        (as_json(INDEX | {"build_number": -1}), "`build_number` is not a whole number"),
        (as_json(INDEX | {"timestamp": 1.5}), "`timestamp` is not a time in milliseconds"),
        (as_json(INDEX | {"depends": "python"}), "`depends` is not a list of strings"),
        (as_json(INDEX | {"depends": [1]}), "`depends` is not a list of strings"),
        (as_json(INDEX | {"constrains": None}), "`constrains` is not a list of strings"),
        (as_json(INDEX | {"license": ["MIT"]}), "`license` is not text"),
        (as_json(INDEX | {"subdir": "linux"}), "`subdir` is not a subdir"),
        (as_json(INDEX | {"subdir": ["linux-64"]}), "`subdir` is not a subdir"),
        (as_json(INDEX | {"noarch": "python"}), "`noarch` is set, but the subdir is linux-64"),
        (as_json(INDEX | {"noarch": 1}), "`noarch` is not generic or python"),
        (as_json(INDEX | {"name": "Foo"}), "`Foo` is not a package name"),
        (as_json(INDEX | {"version": "1..0"}), "`1..0` is not a version"),
        (as_json(INDEX | {"depends": ["foo @ 3"]}), "`foo @ 3` is not a match spec"),
        (as_json(INDEX | {"depends": ["foo[when='python']"]}), "need repodata v3"),
        (as_json(INDEX | {"extra_depends": {"x": ["y"]}}), "need repodata v3"),
    ],
)  # fmt: skip
def test_an_index_json_that_is_not_sound_is_refused(tmp_path: Path, index: bytes, message: str) -> None:
    for name, body in both(FILE, index=index):
        assert message in refused(tmp_path, body, name)


def test_all_that_is_wrong_with_an_index_json_is_said_at_once(tmp_path: Path) -> None:
    (name, body), _ = both(FILE, index=INDEX | {"build_number": "x", "depends": 1, "timestamp": "now"})
    assert refused(tmp_path, body, name).count("info/index.json") == 3


def test_an_index_json_that_is_too_long_is_refused(tmp_path: Path) -> None:
    (name, body), _ = both(FILE, index=as_json(INDEX | {"license": "x" * 5000}))
    assert "more than any real one" in refused(tmp_path, body, name, document=4096)


@pytest.mark.parametrize("told", [b"{", b'{"weak":"a"}', b"[1]", b'{"strong":[null]}'])
def test_run_exports_that_are_not_sound_are_refused(tmp_path: Path, told: bytes) -> None:
    for name, body in both(FILE, more=(Member(name="info/run_exports.json", data=told),)):
        assert "info/run_exports.json" in refused(tmp_path, body, name)


@pytest.mark.parametrize(
    "metadata",
    [b"{", b"[]", b'{"conda_pkg_format_version": 1}', b'{"conda_pkg_format_version": "2"}', b"{}", b" " * 70000],
)
def test_metadata_that_is_not_of_version_2_is_refused(tmp_path: Path, metadata: bytes) -> None:
    assert "metadata.json" in refused(tmp_path, conda(parts(**{"metadata.json": metadata})))


@pytest.mark.parametrize("missing", ["metadata.json", INFO, PKG])
def test_a_conda_without_one_of_its_parts_is_refused(tmp_path: Path, missing: str) -> None:
    left = {name: body for name, body in parts().items() if name != missing}
    assert f"it has no `{missing}`" in refused(tmp_path, conda(left))


@pytest.mark.parametrize(
    "more", [INFO, PKG, "metadata.json", f"info-{STEM}.tar.zst2", "../evil", "pkg-bar-1-0.tar.zst"]
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_conda_with_more_than_its_three_entries_is_refused(tmp_path: Path, more: str) -> None:
    body = conda([*parts().items(), (more, parts().get(more, b""))])
    assert "more than the three entries" in refused(tmp_path, body)


def test_a_conda_that_is_compressed_twice_is_refused(tmp_path: Path) -> None:
    assert "compressed twice" in refused(tmp_path, conda(parts(), zipfile.ZIP_DEFLATED))


def test_an_entry_that_only_some_readers_see_is_refused(tmp_path: Path) -> None:
    body = conda(parts())
    with zipfile.ZipFile(io.BytesIO(body)) as outer:
        start = outer.start_dir
    hidden = conda({PKG: zst(tar([Member(name="evil", data=b"x")]))})
    hidden = hidden[: hidden.index(b"PK\x01\x02")]
    end = bytearray(body[start:])
    where = end.rindex(b"PK\x05\x06") + 16
    end[where : where + 4] = struct.pack("<L", start + len(hidden))
    ambiguous = "different things to different readers"
    assert ambiguous in refused(tmp_path, body[:start] + hidden + bytes(end))
    assert ambiguous in refused(tmp_path, hidden + body)
    assert ambiguous in refused(tmp_path, body.replace(PKG.encode(), b"q" + PKG.encode()[1:], 1))
    assert ambiguous in refused(tmp_path, body[:18] + b"\1" + body[19:])


@pytest.mark.parametrize("kind", ArchiveFormat)
def test_content_after_the_end_of_the_archive_is_refused(tmp_path: Path, kind: ArchiveFormat) -> None:
    first, second = tar([FILE]), tar([Member(name="evil", data=b"x" * 20000)])
    for tail in (second, first[:-10240] + second):
        smuggled = {
            ".conda": conda(parts(**{PKG: zst(first + tail)})), ".tar.bz2": bz2.compress(tar((*info(), FILE)) + tail),
        }[kind.value]  # fmt: skip
        assert "something after its end" in refused(tmp_path, smuggled, f"{STEM}{kind.value}")


def test_a_tar_without_an_end_is_refused(tmp_path: Path) -> None:
    body = tar([FILE])
    for cut in (512, 1024):
        message = refused(tmp_path, conda(parts(**{PKG: zst(body[:cut])})))
        assert "cut off" in message or message == TRUNCATED


BOMB = {"unpacked": 8 << 20, "free": 1 << 20, "ratio": 20}


def test_a_bomb_is_noticed_long_before_it_has_gone_off(tmp_path: Path) -> None:
    for name, body in both(Member(name="zeros", data=bytes(64 << 20))):
        assert "unpacks to more" in refused(tmp_path, body, name, **BOMB)


def test_a_bomb_in_the_info_part_counts_too(tmp_path: Path) -> None:
    more = (Member(name="info/zeros", data=bytes(16 << 20)),)
    for name, body in both(FILE, more=more):
        assert "unpacks to more" in refused(tmp_path, body, name, **BOMB)


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    for name, body in both(*(Member(name=f"f{n}") for n in range(50))):
        assert "more than 40 members" in refused(tmp_path, body, name, members=40)


def long_header(size: int) -> bytes:
    """A tar whose only member has a pax header of `size` bytes: readers hold it in memory before they look at it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as out:
        entry = tarfile.TarInfo("x")
        entry.pax_headers = {"comment": "x" * size}
        out.addfile(entry)
    return buffer.getvalue()


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    for body in (long_header(4 << 20), tar([FILE])[:1024] + long_header(4 << 20)):
        assert "headers" in refused(tmp_path, conda(parts(**{PKG: zst(body)})))


def test_a_zip_directory_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    comment = "x" * 60000
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as outer:
        for n in range(20):
            entry = zipfile.ZipInfo(f"f{n}")
            entry.comment = comment.encode()
            outer.writestr(entry, b"")
    assert "directory of its zip" in refused(tmp_path, buffer.getvalue())


def test_about_that_is_odd_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    about = {"home": ["https://a", "https://b"], "summary": 1, "license": None, "doc_url": "d"}
    path = make_package(tmp_path, "foo", subdir=L64, about=about, files={"etc/conda/activate.d/x.sh": b"", "bin/.foo-post-link.sh": b""})  # fmt: skip  # noqa: E501
    told = ArchiveReader().read(path, L64).about
    assert (told.home, told.summary, told.license, told.doc_url) == ("https://a", "", "", "d")
    assert told.traits == ("activate.d", "post_link")


def test_a_bare_list_of_run_exports_is_weak(tmp_path: Path) -> None:
    for name, body in both(FILE, more=(Member(name="info/run_exports.json", data=json.dumps(["a"]).encode()),)):
        (tmp_path / name).write_bytes(body)
        assert ArchiveReader().read(tmp_path / name, L64).run_exports.weak == ("a",)
