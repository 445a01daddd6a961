"""A report says what is in a package, and what it changes for those who have the one before it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packages import make_package

from ci_tools.adapters.archives import ArchiveReader
from ci_tools.adapters.inspection import inspected
from ci_tools.adapters.sources.folder import FolderSource
from ci_tools.core.elf import linking
from ci_tools.core.holdings import PublishedOutput
from ci_tools.core.package import Filename, RunExports, Subdir
from ci_tools.core.package_report import Change, PackageReport, Reported, difference
from ci_tools.core.package_report_text import report_markdown
from ci_tools.errors import PackageError
from ci_tools.flows.compare import compare

if TYPE_CHECKING:
    from pathlib import Path

WORDS = st.lists(st.sampled_from(["a >=1", "b", "c 2.*", "lib.so.1", "lib.so.2"]), unique=True).map(tuple)
needs_cc = pytest.mark.skipif(not shutil.which("cc"), reason="NO C COMPILER `cc`")


@st.composite
def reports(draw: st.DrawFn) -> PackageReport:
    return PackageReport(
        filename=Filename.parse(f"x-1.{draw(st.integers(0, 9))}-0.conda"), subdir=Subdir.LINUX_64,
        size=draw(st.integers(1, 10**9)), depends=draw(WORDS), linked=draw(WORDS), licenses=draw(WORDS),
        files=draw(st.dictionaries(st.sampled_from(["bin/a", "lib/b", "c"]), st.sampled_from(["1", "2"]))),
        sonames=dict.fromkeys(draw(WORDS), "lib.so.1"), run_exports=RunExports(weak=draw(WORDS)),
    )  # fmt: skip


@given(reports())
def test_nothing_differs_from_itself(report: PackageReport) -> None:
    diff = difference(report, report)
    assert not any((diff.files, diff.depends, diff.run_exports, diff.sonames, diff.linked, diff.licenses, diff.grown))
    assert diff.breaks == ()


@given(reports(), reports())
def test_what_is_new_one_way_is_gone_the_other_way(one: PackageReport, other: PackageReport) -> None:
    there, back = difference(one, other), difference(other, one)
    for name in ("files", "depends", "constrains", "run_exports", "sonames", "linked", "licenses"):
        assert getattr(there, name).new == getattr(back, name).gone
        assert getattr(there, name).altered == getattr(back, name).altered
    assert there.grown == -back.grown
    applied = (set(one.depends) - set(there.depends.gone)) | set(there.depends.new)
    assert applied == set(other.depends)


def test_a_package_is_read_as_it_is(tmp_path: Path) -> None:
    path = make_package(
        tmp_path, "lib", "1.4", subdir=Subdir.LINUX_64, depends=["zlib >=1.2"], files={"lib/x": b"x", "share/y": b"y"},
        run_exports={"weak": ["lib >=1.4,<2"]},
    )  # fmt: skip
    report = inspected(path, Subdir.LINUX_64)
    assert list(report.files) == ["lib/x", "share/y"]
    assert (report.depends, report.run_exports.weak) == (("zlib >=1.2",), ("lib >=1.4,<2",))
    assert report.size == path.stat().st_size


@needs_cc
def test_libraries_tell_their_soname_and_what_they_need(tmp_path: Path) -> None:
    source = tmp_path / "x.c"
    source.write_text("#include <math.h>\ndouble f(double x) { return cos(x); }\n")
    made = {}
    for number in (1, 2):
        lib = tmp_path / f"libx.so.{number}"
        argv = [
            "cc",
            "-shared",
            "-fPIC",
            f"-Wl,-soname,libx.so.{number}",
            "-Wl,--no-as-needed",
            "-o",
            lib,
            source,
            "-lm",
        ]
        subprocess.run(argv, check=True)
        made[number] = lib.read_bytes()
    found = linking(made[1])
    assert found.soname == "libx.so.1"
    assert {"libm.so.6", "libc.so.6"} <= set(found.needed)
    before, after = (
        inspected(make_package(tmp_path, "x", f"{n}.0", subdir=Subdir.LINUX_64, files={f"lib/libx.so.{n}": made[n]}),
                  Subdir.LINUX_64)
        for n in (1, 2)
    )  # fmt: skip
    diff = difference(before, after)
    assert diff.breaks == ("the soname libx.so.1 is gone",)
    assert "libm.so.6" in after.linked


@given(st.binary(max_size=300))
def test_a_broken_library_is_none_and_no_error(body: bytes) -> None:
    linking(b"\x7fELF" + body)


def test_a_file_that_is_no_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "noarch").mkdir()
    path = tmp_path / "noarch" / "x-1-0.conda"
    path.write_bytes(b"no package")
    with pytest.raises(PackageError):
        inspected(path, Subdir.NOARCH)


@given(reports())
def test_a_summary_is_not_written_by_a_package(report: PackageReport) -> None:
    hostile = replace(report, licenses=("<!-- @everyone", "a|b"), depends=("https://evil.example",))
    said = report_markdown([Reported(package=hostile, diff=difference(report, hostile))])
    assert "<!--" not in said
    assert "@everyone" not in said
    assert "https://evil" not in said


def test_a_package_is_compared_with_the_newest_that_is_not_newer(tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    for version in ("1.0", "1.1", "3.0"):
        make_package(channel, "words", version, files={f"share/{version}": b"x", "share/same": b"x"})
    make_package(channel, "other", "1.9")
    outputs = tuple(
        PublishedOutput(filename=Filename.parse(path.name), build_number=0) for path in (channel / "noarch").iterdir()
    )
    ours = make_package(tmp_path / "dist", "words", "2.0", files={"share/2.0": b"y", "share/same": b"x"})
    (found,) = compare(
        [(ours, Subdir.NOARCH)], inspected, {Subdir.NOARCH: outputs}, FolderSource(channel), ArchiveReader()
    )
    assert str(found.diff.before) == "words-1.1-0.conda"
    assert found.diff.files == Change(gone=("share/1.1",), new=("share/2.0",))
    assert "against `words-1.1-0.conda`" in report_markdown([found])


def test_the_command_compares_with_what_is_published(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    (tmp_path / "channel.yaml").write_text("channel: acme\n")
    make_package(tmp_path / "dist" / "here-1", "words", "1.1", files={"share/new": b"n"})
    argv = [sys.executable, "-m", "ci_tools.cli", "report"]
    said = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout
    assert said.startswith("noarch/words-1.1-0.conda\n")
    assert "nothing of this name is published" in said
