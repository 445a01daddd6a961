"""The repository of the recipes, as git sees it: the only module that runs git."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.process import Command, capture, narrowed
from ci_tools.core.changes import Change, ChangeKind, ChangeSet
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ci_tools.adapters.process import Ended

TIMEOUT = 300.0  # seconds for one git command
SHALLOW_HINT = "fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` of actions/checkout"
LINK, EXECUTABLE, FILE, SUBMODULE = "120000", "100755", "100644", "160000"
KINDS = {"A": ChangeKind.ADDED, "D": ChangeKind.DELETED, "R": ChangeKind.RENAMED}

# What a user's configuration may say stays out of it: programs that git would run, and how output looks. The rest of
# that configuration is read, for `safe.directory` and ignored files are said there.
NEUTRAL = ("core.fsmonitor=false", "core.quotePath=true", "diff.ignoreSubmodules=dirty", "diff.relative=false")
KEPT = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
FIXED = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat"}


class GitRepository:
    """A working tree with its history."""

    def __init__(self, inside: Path, env: Mapping[str, str]) -> None:
        """Find the working tree around the folder `inside`. `env` is the environment of this process."""
        self._env = narrowed(env) | {name: env[name] for name in KEPT if name in env} | FIXED
        self._root = inside
        ended = self._run("rev-parse", "--show-toplevel")
        if ended.returncode:
            raise _no_repository(inside, ended)
        self._root = Path(os.fsdecode(ended.stdout.removesuffix(b"\n")))

    @property
    def root(self) -> Path:
        return self._root

    def commit(self, ref: str) -> str:
        if not ref or "\0" in ref:
            return ""
        ended = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        if ended.returncode and self._shallow():
            raise UsageError(f"`{ref}` is not in this shallow clone", hint=SHALLOW_HINT)
        found = ended.stdout.decode().strip()
        return "" if ended.returncode or found.startswith("^") else found  # ^REF is "all but", and no commit

    def changes(self, base: str, head: str = "HEAD") -> ChangeSet:
        tip, here = self._known(head) if base else self.commit(head), self.commit("HEAD")
        untracked = self._untracked() if tip == here else ()
        dirty = bool(untracked) or (tip == here and self._differs_from(here))
        if base:
            start = self._known(base)
            found = self._diff(start) if tip == here else self._diff(start, tip)
        else:
            start, found = "", self._everything(tip, here)
        added = (Change(path=path, kind=ChangeKind.ADDED) for path in untracked)
        changes = {change.path: change for change in (*found, *added)}
        return ChangeSet(base=start, head=tip, changes=tuple(changes[p] for p in sorted(changes)), dirty=dirty)

    def merge_base(self, base: str, head: str = "HEAD") -> str:
        start, tip = self._known(base), self._known(head)
        ended = self._run("merge-base", start, tip)
        found = ended.stdout.decode().strip()
        # A cut history can hide the place where the lines parted; only an ancestor is certain to be one.
        if found != start and self._shallow():
            raise UsageError(f"where `{base}` and `{head}` parted is not in this shallow clone", hint=SHALLOW_HINT)
        return found

    def files(self, directory: str = "") -> Mapping[str, str]:
        known = self._index(directory)
        changed = {change.path: change for change in self._diff_files(directory)}
        gone = {path for path, change in changed.items() if change.kind is ChangeKind.DELETED}
        fresh = [*self._untracked(directory), *(path for path in changed if path not in gone)]
        found = {path: entry for path, entry in known.items() if path not in gone}
        found.update(self._hashed(path for path in fresh if not found.get(path, "").startswith(SUBMODULE)))
        return {path: found[path] for path in sorted(found) if found[path]}

    def read(self, path: str) -> bytes:
        try:
            return (self._root / path).read_bytes()
        except OSError as exc:
            raise UsageError(f"`{path}` cannot be read: {exc.strerror}", hint="look at its rights") from exc

    def write(self, path: str, body: bytes) -> None:
        file = self._root / path
        part = file.with_name(f".{file.name}.part")
        try:
            part.write_bytes(body)
            part.chmod(stat.S_IMODE(file.stat().st_mode))
            part.replace(file)
        except OSError as exc:
            part.unlink(missing_ok=True)
            raise UsageError(f"`{path}` cannot be written: {exc.strerror}", hint="look at its rights") from exc

    def read_at(self, commit: str, path: str) -> bytes | None:
        ended = self._run("cat-file", "blob", f"{commit}:{path}")
        return None if ended.returncode else ended.stdout

    def links(self) -> Mapping[str, str]:
        links = (path for path, entry in self.files().items() if entry.startswith(LINK))
        return {path: os.fsdecode(_target(self._root / path)) for path in links}

    def _known(self, ref: str) -> str:
        found = self.commit(ref)
        if not found:
            hint = "look at `git log`, or fetch it; leave --base out to compare with what is published"
            raise UsageError(f"`{ref}` names no commit here", hint=hint)
        return found

    def _shallow(self) -> bool:
        return self._output("rev-parse", "--is-shallow-repository").strip() == b"true"

    def _differs_from(self, commit: str) -> bool:
        return bool(commit) and any(self._diff(commit))

    def _everything(self, tip: str, here: str) -> Iterator[Change]:
        """Every path as an addition: of the working tree where `tip` is checked out, else of the commit."""
        if tip == here:
            paths: Iterable[str] = self.files()
        else:
            paths = _split(self._output("ls-tree", "-r", "-z", "--name-only", "--full-tree", tip))
        yield from (Change(path=path, kind=ChangeKind.ADDED) for path in paths)

    def _diff(self, *commits: str) -> Iterator[Change]:
        """What differs between two commits, or between one and the working tree."""
        # `git diff` and not its plumbing: it looks at contents where only the time of a file is new.
        options = ("--name-status", "-z", "--find-renames", "-l1000", "--no-ext-diff", "--no-textconv", "-O/dev/null")
        fields = iter(_split(self._output("diff", *options, *commits, "--")))
        for status in fields:
            path = next(fields)
            if status[0] == "R":
                yield Change(path=path, kind=ChangeKind.DELETED)
                yield Change(path=next(fields), kind=ChangeKind.RENAMED, before=path)
            else:
                yield Change(path=path, kind=KINDS.get(status[0], ChangeKind.MODIFIED))

    def _diff_files(self, directory: str) -> Iterator[Change]:
        """What the working tree has otherwise than the index, judged by times: some of it may be equal."""
        options = ("--name-status", "-z", "--no-renames", "--ignore-submodules=all")
        fields = iter(_split(self._output("diff-files", *options, "--", *_pathspec(directory))))
        for status in fields:
            yield Change(path=next(fields), kind=KINDS.get(status[0], ChangeKind.MODIFIED))

    def _index(self, directory: str) -> dict[str, str]:
        lines = _split(self._output("ls-files", "--stage", "-z", "--", *_pathspec(directory)))
        entries = (line.partition("\t") for line in lines)
        return {path: ":".join(entry.split()[:2]) for entry, _, path in entries}

    def _untracked(self, directory: str = "") -> tuple[str, ...]:
        options = ("--others", "--exclude-standard", "-z")
        paths = _split(self._output("ls-files", *options, "--", *_pathspec(directory)))
        # A name with a final slash is another repository: git would not commit what is in it either.
        return tuple(path for path in paths if not path.endswith("/"))

    def _hashed(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """`mode:id` of what lies at each path now; an empty text where that is no file and no link."""
        plain: list[tuple[str, str]] = []
        for path in paths:
            mode = _mode(self._root / path)
            if mode == LINK:
                yield path, f"{LINK}:{self._blob(_target(self._root / path))}"
            elif mode:
                plain.append((path, mode))
            else:
                yield path, ""
        if plain:
            names = b"".join(_quoted(path) + b"\n" for path, _ in plain)
            ids = self._output("hash-object", "--stdin-paths", stdin=names).decode().split()
            yield from ((path, f"{mode}:{id_}") for (path, mode), id_ in zip(plain, ids, strict=True))

    def _blob(self, body: bytes) -> str:
        format_ = self._output("rev-parse", "--show-object-format").decode().strip()
        return hashlib.new(format_, b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()

    def _output(self, *arguments: str, stdin: bytes = b"") -> bytes:
        ended = self._run(*arguments, stdin=stdin)
        if ended.returncode:
            said = "it took too long" if ended.timed_out else _said(ended)
            raise UsageError(f"git {arguments[0]} failed: {said}", hint="does `git status` work here?")
        return ended.stdout

    def _run(self, *arguments: str, stdin: bytes = b"") -> Ended:
        settings = tuple(part for setting in NEUTRAL for part in ("-c", setting))
        argv = ("git", "--literal-pathspecs", *settings, *arguments)
        return capture(Command(argv=argv, cwd=self._root, env=self._env, timeout=TIMEOUT), stdin=stdin)


def _no_repository(inside: Path, ended: Ended) -> UsageError:
    said = _said(ended)
    if "dubious ownership" in said:
        hint = f"it belongs to another user; to trust it: git config --global --add safe.directory {inside}"
        return UsageError(f"git does not trust `{inside}`", hint=hint, detail=said)
    hint = "run it inside the repository of the recipes, or `git init` first"
    return UsageError(f"`{inside}` is not in the working tree of a git repository", hint=hint, detail=said)


def _said(ended: Ended) -> str:
    return ended.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")


def _split(body: bytes) -> list[str]:
    """The texts of a `-z` output. A name that is not UTF-8 keeps its bytes as surrogates (PEP 383)."""
    return [part.decode("utf-8", "surrogateescape") for part in body.split(b"\0") if part]


def _pathspec(directory: str) -> tuple[str, ...]:
    return (directory,) if directory else ()


def _mode(path: Path) -> str:
    """The mode git would give the path, empty where git would not take it."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if stat.S_ISLNK(mode):
        return LINK
    if not stat.S_ISREG(mode):
        return ""
    return EXECUTABLE if mode & stat.S_IXUSR else FILE


def _target(link: Path) -> bytes:
    return os.readlink(os.fsencode(link))  # noqa: PTH115 (pathlib would tidy what is written there)


def _quoted(path: str) -> bytes:
    """The path in C style, as hash-object wants a name with a line end or a leading quote."""
    return b'"' + b"".join(b"\\%03o" % byte for byte in os.fsencode(path)) + b'"'
