"""Which adapter stands behind each port: the only room that names them. A dry run gets others."""

from ci_tools.wiring.builds import (
    backend_states,
    backends,
    confines,
    enter,
    inspected,
    outbox,
    own_source,
    pantry,
    programs,
    renderer,
    supplies,
    work_folder,
)
from ci_tools.wiring.curation import curation, yank_registry
from ci_tools.wiring.edges import edge, edge_application, grant_registry, local_edge_config
from ci_tools.wiring.hosts import cause, forge, host, machine, processors, repository
from ci_tools.wiring.keys import key, keystore, keystore_anywhere, signer
from ci_tools.wiring.offices import root_office
from ci_tools.wiring.previews import fetcher, preview_config, previews_store
from ci_tools.wiring.publishing import conda_index, press, setting, stock
from ci_tools.wiring.recipes import fill_templates, has_program, read_recipe, web
from ci_tools.wiring.rotation import desk, doorbell, locksmith, vault, watch
from ci_tools.wiring.stacks import stack_definition, stacks
from ci_tools.wiring.stores import (
    components,
    foreign_source,
    locked_packages,
    object_store,
    package_reader,
    readable_stores,
    source,
)

__all__ = [
    "backend_states",
    "backends",
    "cause",
    "components",
    "conda_index",
    "confines",
    "curation",
    "desk",
    "doorbell",
    "edge",
    "edge_application",
    "enter",
    "fetcher",
    "fill_templates",
    "foreign_source",
    "forge",
    "grant_registry",
    "has_program",
    "host",
    "inspected",
    "key",
    "keystore",
    "keystore_anywhere",
    "local_edge_config",
    "locked_packages",
    "locksmith",
    "machine",
    "object_store",
    "outbox",
    "own_source",
    "package_reader",
    "pantry",
    "press",
    "preview_config",
    "previews_store",
    "processors",
    "programs",
    "read_recipe",
    "readable_stores",
    "renderer",
    "repository",
    "root_office",
    "setting",
    "signer",
    "source",
    "stack_definition",
    "stacks",
    "stock",
    "supplies",
    "vault",
    "watch",
    "web",
    "work_folder",
    "yank_registry",
]
