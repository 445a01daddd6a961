"""What the flows ask of the world. The docstring is the contract; tests/contract holds every adapter to it."""

from ci_tools.ports.builds import BuildBackend, Outbox, Pantry, Renderer, Workspace
from ci_tools.ports.curation import YankRegistry
from ci_tools.ports.edges import Edge, GrantRegistry
from ci_tools.ports.hosts import CodeHost
from ci_tools.ports.keys import Keystore, Signer
from ci_tools.ports.repository import Repository
from ci_tools.ports.sources import ChannelSource, Indexer, Notebook, PackageReader
from ci_tools.ports.stores import ABSENT, Absent, Etag, Head, ObjectStore, Sent, Stored

__all__ = [
    "ABSENT",
    "Absent",
    "BuildBackend",
    "ChannelSource",
    "CodeHost",
    "Edge",
    "Etag",
    "GrantRegistry",
    "Head",
    "Indexer",
    "Keystore",
    "Notebook",
    "ObjectStore",
    "Outbox",
    "PackageReader",
    "Pantry",
    "Renderer",
    "Repository",
    "Sent",
    "Signer",
    "Stored",
    "Workspace",
    "YankRegistry",
]
