"""What one run that writes the channel works with."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ci_tools.wiring.curation import curation
from ci_tools.wiring.edges import edge
from ci_tools.wiring.keys import key, keystore
from ci_tools.wiring.stores import object_store, package_reader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ci_tools.config import ChannelConfig
    from ci_tools.core.attester import Further
    from ci_tools.core.package import Artifact
    from ci_tools.core.provenance import Making
    from ci_tools.core.receipt import Cause
    from ci_tools.flows.inventory import Stock
    from ci_tools.flows.publish import Press
    from ci_tools.flows.transaction import Setting
    from ci_tools.ports import CodeHost, Indexer


def setting(config: ChannelConfig, env: Mapping[str, str], cause: Cause, now: datetime, *, dry_run: bool) -> Setting:
    """What one run that writes the channel is: its store, its notary, its cause."""
    from ci_tools.adapters.patience import pause
    from ci_tools.core.keyset import KeyName, trust_material
    from ci_tools.flows.transaction import Notary, Setting

    material = trust_material(keystore(config, env).published)
    return Setting(
        store=object_store(config, dry_run=dry_run),
        notary=Notary(root=material.root, online=key(config, env, KeyName.ONLINE)),
        cause=cause,
        now=now,
        pause=pause,
    )


def press(config: ChannelConfig, env: Mapping[str, str], setting: Setting, host: CodeHost, *, dry_run: bool) -> Press:
    """What a publish works with besides its setting."""
    from time import monotonic

    from ci_tools.adapters.sources.stored import StoredSource
    from ci_tools.core.attestation import Publisher
    from ci_tools.core.attester import ChannelAttester
    from ci_tools.core.keyset import KeyName, publisher_material
    from ci_tools.core.sidecar import Attestations
    from ci_tools.flows.publish import Press, What

    publisher_key = key(config, env, KeyName.PUBLISHER)
    material = publisher_material(keystore(config, env), publisher_key)
    url, started = config.base_url, monotonic()
    publisher = Publisher(
        key=publisher_key,
        certificate=material.certificate,
        log=key(config, env, KeyName.LOG),
        channel=url,
    )
    return Press(
        subdirs=config.indexed_subdirs,
        curation=curation(config),
        what=What(config.publish.what),
        attester=ChannelAttester(publisher, material.trusted_root, setting.now, _further(config, env, setting)),
        attestations=Attestations(material.trusted_root, url),
        source=StoredSource(setting.store, url),
        reader=package_reader(config),
        edge=edge(config, dry_run=dry_run),
        host=host,
        elapsed=lambda: monotonic() - started,
    )


def _further(config: ChannelConfig, env: Mapping[str, str], setting: Setting) -> tuple[Further, ...]:
    """What channel.yaml wants attested besides that a package was published."""
    from ci_tools.core.provenance import origin_of, provenance
    from ci_tools.core.sbom import SbomFormat, bill_statement, component_of, package_bill

    origin = origin_of(env, config.base_url, setting.cause.commit)

    def built(artifact: Artifact, making: Making) -> bytes:
        return provenance(str(artifact.filename), artifact.record.sha256, origin, making)

    def bill(form: SbomFormat, artifact: Artifact, _: Making) -> bytes:
        component = component_of(artifact.record, f"{config.base_url}/{artifact.subdir}/{artifact.filename}")
        return bill_statement(str(artifact.filename), component.sha256, package_bill(component, setting.now), form)

    makers: dict[str, Further] = {"provenance": built, **{form.value: partial(bill, form) for form in SbomFormat}}
    return tuple(makers[each] for each in config.trust.attest)


def stock(config: ChannelConfig, env: Mapping[str, str], setting: Setting, host: CodeHost) -> Stock:
    """What looking at the packages of the store needs; its notebook lies among the caches of this user."""
    from hashlib import sha256
    from pathlib import Path

    from ci_tools.adapters.notebook import FileNotebook
    from ci_tools.core.keyset import trust_material
    from ci_tools.core.sidecar import Attestations
    from ci_tools.flows.inventory import Stock

    material = trust_material(keystore(config, env).published)
    caches = Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or ".") / ".cache")
    name = sha256(config.base_url.encode() + material.root).hexdigest()
    return Stock(
        store=setting.store,
        reader=package_reader(config),
        notebook=FileNotebook(caches / "channelsmith" / f"rebuild-{name[:16]}.jsonl"),
        attestations=Attestations(material.trusted_root, config.base_url),
        host=host,
    )


def conda_index(env: Mapping[str, str]) -> Indexer:
    """conda-index as a program; UsageError where it is not installed."""
    from ci_tools.adapters.conda_index import CondaIndex

    return CondaIndex.found(env)
