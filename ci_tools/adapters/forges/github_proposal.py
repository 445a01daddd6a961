"""A pull request with a change of ours: one commit on a branch of its own, made anew wherever its base has moved."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from github import InputGitTreeElement, UnknownObjectException

if TYPE_CHECKING:
    from github.GitCommit import GitCommit
    from github.Repository import Repository

    from ci_tools.ports.forges import Proposal

FILE = "100644"


def propose(there: Repository, proposal: Proposal) -> int:
    """Bring the branch and its pull request up to date; the number of the latter."""
    parent = there.get_git_commit(there.get_git_ref(f"heads/{proposal.base}").object.sha)
    _pushed(there, proposal.branch, _commit(there, proposal, parent))
    owner = there.full_name.partition("/")[0]
    for pull in there.get_pulls(state="open", base=proposal.base, head=f"{owner}:{proposal.branch}"):
        if (pull.title, pull.body) != (proposal.title, proposal.body):
            pull.edit(title=proposal.title, body=proposal.body)
        return pull.number
    made = there.create_pull(proposal.base, proposal.branch, title=proposal.title, body=proposal.body)
    return made.number


def _commit(there: Repository, proposal: Proposal, parent: GitCommit) -> GitCommit:
    elements = []
    for path, body in sorted(proposal.files.items()):
        blob = there.create_git_blob(base64.b64encode(body).decode(), "base64")
        elements.append(InputGitTreeElement(path=path, mode=FILE, type="blob", sha=blob.sha))
    tree = there.create_git_tree(elements, base_tree=parent.tree)
    return there.create_git_commit(proposal.title, tree, [parent])


def _pushed(there: Repository, branch: str, commit: GitCommit) -> None:
    try:
        ref = there.get_git_ref(f"heads/{branch}")
        present = there.get_git_commit(ref.object.sha)
    except UnknownObjectException:
        there.create_git_ref(f"refs/heads/{branch}", commit.sha)
        return
    if (present.tree.sha, [p.sha for p in present.parents]) != (commit.tree.sha, [p.sha for p in commit.parents]):
        ref.edit(commit.sha, force=True)
