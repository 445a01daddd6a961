"""What git says is read exactly: every byte of a name, every mode, and every way out of a bad range."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ci_tools.adapters.git import GitRepository
from ci_tools.core.changes import Change, ChangeKind
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Tree

A, M, D, R = ChangeKind.ADDED, ChangeKind.MODIFIED, ChangeKind.DELETED, ChangeKind.RENAMED
ODD = [
    "plain",
    "with space",
    "ünïcode",
    'a"quote',
    "tab\there",
    "line\nend",
    "-dash",
    ":(top)magic",
    "*",
    "back\\slash",
]

SURPRISES = [
    "color.ui=always",
    "core.quotePath=false",
    "diff.external=false",
    "diff.noprefix=true",
    "diff.orderFile=/nowhere",
    "diff.relative=true",
    "diff.renames=false",
]


def seen(tree: Tree, base: str, head: str = "HEAD") -> list[tuple[str, ChangeKind]]:
    return [(c.path, c.kind) for c in tree.open().changes(base, head).changes]


def test_a_range_tells_what_was_added_modified_and_deleted(tree: Tree) -> None:
    base = tree.commit("one", old="1\n", kept="1\n")
    tree.git("rm", "-q", "old")
    tree.commit("two", new="2\n", **{"README.md": "other\n"})
    assert seen(tree, base) == [("README.md", M), ("new", A), ("old", D)]


def test_a_rename_is_a_deletion_and_a_renamed_path(tree: Tree) -> None:
    base = tree.commit("one", **{"a/old": "much\nthe\nsame\n"})
    tree.git("mv", "a/old", "new")
    tree.commit("two")
    found = tree.open().changes(base).changes
    assert found == (Change(path="a/old", kind=D), Change(path="new", kind=R, before="a/old"))


def test_several_commits_and_a_merge_are_one_range(tree: Tree) -> None:
    base = tree.commit("base")
    tree.git("switch", "-q", "-c", "side")
    tree.commit("side", side="1\n")
    tree.git("switch", "-q", "main")
    tree.commit("main", main="1\n")
    tree.git("merge", "-q", "--no-edit", "side")
    assert seen(tree, base) == [("main", A), ("side", A)]


def test_a_merge_base_leaves_out_what_the_other_line_did(tree: Tree) -> None:
    tree.git("switch", "-q", "-c", "side")
    tree.commit("side", side="1\n")
    tree.git("switch", "-q", "main")
    tree.commit("main", main="quite another text\n")
    tree.git("switch", "-q", "side")
    assert seen(tree, "main") == [("main", D), ("side", A)]
    assert seen(tree, tree.open().merge_base("main")) == [("side", A)]


def test_what_is_not_committed_is_part_of_what_is_checked_out(tree: Tree) -> None:
    base = tree.commit("one", gone="1\n", **{".gitignore": "ignored\n"})
    tree.write("README.md", "edited\n")
    tree.write("untracked")
    tree.write("ignored")
    (tree.path / "gone").unlink()
    assert seen(tree, base) == [("README.md", M), ("gone", D), ("untracked", A)]
    assert tree.open().changes(base).dirty


def test_a_clean_tree_is_not_dirty_even_where_times_are_new(tree: Tree) -> None:
    os.utime(tree.path / "README.md", (1, 1))
    found = tree.open().changes("HEAD")
    assert not found.dirty
    assert found.changes == ()


def test_another_head_than_the_one_checked_out_is_read_from_history(tree: Tree) -> None:
    first = tree.git("rev-parse", "HEAD")
    second = tree.commit("two", two="2\n")
    tree.commit("three", three="3\n")
    tree.write("untracked")
    found = tree.open().changes(first, second)
    assert [(c.path, c.kind) for c in found.changes] == [("two", A)]
    assert (found.base, found.head, found.dirty) == (first, second, False)
    assert seen(tree, "", second) == [("README.md", A), ("two", A)]


def test_without_a_base_everything_is_an_addition(tree: Tree) -> None:
    tree.write("untracked")
    assert seen(tree, "") == [("README.md", A), ("untracked", A)]


def test_a_repository_without_a_commit_has_only_what_lies_there(bare_tree: Tree) -> None:
    bare_tree.write("a/file")
    found = bare_tree.open().changes("")
    assert (found.base, found.head, [c.path for c in found.changes]) == ("", "", ["a/file"])
    assert bare_tree.open().commit("HEAD") == ""
    with pytest.raises(UsageError, match="names no commit"):
        bare_tree.open().changes("HEAD")


@pytest.mark.parametrize("ref", ["nonsense", "--all", "-n1", "--output=x", "", "HEAD..HEAD", "a\0b", "f" * 40, "^HEAD"])
def test_a_ref_that_is_none_is_refused_and_never_an_option(tree: Tree, ref: str) -> None:
    assert tree.open().commit(ref) == ""
    for asked in (lambda: tree.open().changes("HEAD", ref), lambda: tree.open().merge_base(ref)):
        with pytest.raises(UsageError, match="names no commit") as caught:
            asked()
        assert caught.value.problems[0].hint
    assert not (tree.path / "x").exists()


def test_a_branch_may_be_called_like_an_option(tree: Tree) -> None:
    tree.git("update-ref", "refs/heads/--all", "HEAD")
    assert tree.open().commit("refs/heads/--all") == tree.git("rev-parse", "HEAD") == tree.open().commit("--all")


def test_a_shallow_clone_is_told_with_the_way_out(tree: Tree, tmp_path: Path) -> None:
    base = tree.git("rev-parse", "HEAD")
    tree.git("switch", "-q", "-c", "side")
    tree.commit("side", side="1\n")
    tree.commit("side again", side="2\n")
    tree.git("clone", "-q", "--depth", "1", f"file://{tree.path}", str(tmp_path / "clone"))
    clone = type(tree)(tmp_path / "clone")
    for asked in (lambda: clone.open().commit(base), lambda: clone.open().changes(base)):
        with pytest.raises(UsageError, match="shallow clone") as caught:
            asked()
        assert "fetch-depth: 0" in caught.value.problems[0].hint
    assert seen(clone, "HEAD") == []


def test_a_cut_history_gives_no_merge_base_but_a_certain_one(tree: Tree, tmp_path: Path) -> None:
    tree.git("switch", "-q", "-c", "side")
    tree.commit("side", side="1\n")
    tree.git("switch", "-q", "main")
    tree.commit("main", main="1\n")
    tree.git("clone", "-q", "--depth", "1", "--no-single-branch", f"file://{tree.path}", str(tmp_path / "clone"))
    clone = type(tree)(tmp_path / "clone").open()
    with pytest.raises(UsageError, match="shallow clone"):
        clone.merge_base("origin/side", "origin/main")
    assert clone.merge_base("origin/main") == clone.commit("HEAD")


def test_lines_without_a_common_commit_have_no_merge_base(tree: Tree) -> None:
    tree.git("switch", "-q", "--orphan", "other")
    tree.commit("other")
    assert tree.open().merge_base("main") == ""


def test_a_folder_outside_of_any_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not in the working tree of a git repository"):
        GitRepository(tmp_path, {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)})


def test_the_top_is_found_from_below_whatever_the_environment_says(tree: Tree) -> None:
    tree.write("deep/er/file")
    env = {**os.environ, "GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/", "GIT_INDEX_FILE": "/nowhere"}
    assert GitRepository(tree.path / "deep/er", env).root == tree.path


@pytest.mark.parametrize("committed", [True, False])
def test_every_byte_of_a_name_survives(tree: Tree, committed: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    for name in ODD:
        tree.write(f"odd/{name}", f"{name}\n")
    if committed:
        tree.commit("odd")
    assert sorted(tree.open().files("odd")) == sorted(f"odd/{name}" for name in ODD)
    assert {p for p, _ in seen(tree, "HEAD~1" if committed else "HEAD")} == {f"odd/{name}" for name in ODD}


def test_a_name_that_is_not_utf_8_keeps_its_bytes(tree: Tree) -> None:
    try:
        (tree.path / os.fsdecode(b"caf\xe9")).write_text("1")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert "caf\udce9" in tree.open().files()
    tree.commit("odd")
    assert seen(tree, "HEAD~1") == [("caf\udce9", A)]


def test_an_id_is_the_one_git_will_give_it(tree: Tree) -> None:
    tree.write("tracked", "1\n")
    tree.write("run", "#!/bin/sh\n").chmod(0o755)
    tree.write("crlf", "1\r\n")
    tree.write(".gitattributes", "crlf text eol=crlf\n")
    (tree.path / "link").symlink_to("./nowhere/")
    before = tree.open().files()
    tree.commit("all of it")
    staged = (line.partition("\t") for line in tree.git("ls-files", "--stage").splitlines())
    assert before == tree.open().files() == {path: ":".join(entry.split()[:2]) for entry, _, path in staged}
    assert tree.open().links() == {"link": "./nowhere/"}


def test_an_id_follows_the_working_tree(tree: Tree) -> None:
    tree.commit("one", edited="1\n", gone="1\n", mode="1\n", link="1\n")
    before = tree.open().files()
    tree.write("edited", "2\n")
    (tree.path / "gone").unlink()
    (tree.path / "mode").chmod(0o755)
    (tree.path / "link").unlink()
    (tree.path / "link").symlink_to("mode")
    after = tree.open().files()
    assert after.keys() == before.keys() - {"gone"}
    assert {p for p in after if after[p] != before[p]} == {"edited", "mode", "link"}
    assert after["mode"] == before["mode"].replace("100644", "100755")


def test_files_below_a_folder_are_those_and_no_other(tree: Tree) -> None:
    tree.commit("one", **{"a/x": "1", "ab/x": "1", "b/a/x": "1"})
    tree.write("a/y")
    assert sorted(tree.open().files("a")) == ["a/x", "a/y"]


def test_a_repository_inside_is_not_part_of_the_tree(tree: Tree) -> None:
    tree.write("inner/file")
    type(tree)(tree.path / "inner").git("init", "-q")
    assert sorted(tree.open().files()) == ["README.md"]


def test_a_merge_under_way_is_read_as_it_lies(tree: Tree) -> None:
    tree.git("switch", "-q", "-c", "side")
    tree.commit("side", **{"README.md": "side\n"})
    tree.git("switch", "-q", "main")
    tree.commit("main", **{"README.md": "main\n"})
    with pytest.raises(Exception, match="merge"):
        tree.git("merge", "side")
    assert tree.open().files()["README.md"] == "100644:" + tree.git("hash-object", "README.md")


def test_the_configuration_of_the_user_changes_nothing(tree: Tree) -> None:
    base = tree.commit("one", **{"a/old": "much\nthe\nsame\n"})
    tree.git("mv", "a/old", "new")
    tree.commit("two")
    plain = tree.open().changes(base)
    for setting in SURPRISES:
        tree.git("config", "--global", *setting.split("=", 1))
    assert tree.open().changes(base) == plain
