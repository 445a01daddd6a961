"""A software bill of materials, as SPDX 2.3 and as CycloneDX 1.6: what is there, under which licence, from where."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from license_expression import ExpressionError, ParseError, get_spdx_licensing

from ci_tools.core.canonical import canonical_json
from ci_tools.core.inputs import name_of

if TYPE_CHECKING:
    from ci_tools.core.package import PackageRecord

SPDX, CYCLONEDX = "https://spdx.dev/Document/v2.3", "https://cyclonedx.org/bom/v1.6"  # predicate types (in-toto)
TOOL = "channelsmith"
NOTHING = "NOASSERTION"
UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # RFC 4122: of URLs


class SbomFormat(StrEnum):
    """In which words it is written."""

    SPDX = "spdx"
    CYCLONEDX = "cyclonedx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A package; what is not known is empty. `depends` are its match specs, `sha256` is lower hex."""

    name: str
    version: str = ""
    build: str = ""
    subdir: str = ""
    url: str = ""  # without a credential
    sha256: str = ""
    license: str = ""
    depends: tuple[str, ...] = ()

    @property
    def purl(self) -> str:
        """Its package URL (CEP 49; the type `conda`)."""
        channel = self.url.rpartition("/")[0].rpartition("/")[0]
        told = {"build": self.build, "channel": channel, "subdir": self.subdir}
        qualifiers = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(told.items()) if value)
        version = f"@{quote(self.version, safe='')}" if self.version else ""
        return f"pkg:conda/{quote(self.name, safe='')}{version}{f'?{qualifiers}' if qualifiers else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a bill is of: its name and a URI that nothing else has; `subject` is the package it is about, if one is."""

    name: str
    namespace: str
    components: tuple[Component, ...]
    made: datetime
    subject: Component | None = None

    @property
    def every(self) -> tuple[Component, ...]:
        """The subject first, then what it is made of or needs, each name once, sorted."""
        others = {c.name: c for c in self.components if self.subject is None or c.name != self.subject.name}
        return (*((self.subject,) if self.subject else ()), *(others[name] for name in sorted(others)))


def component_of(record: PackageRecord, url: str) -> Component:
    """A package as its record tells of it; `url` is where clients get it."""
    return Component(
        name=record.name, version=record.version, build=record.build, subdir=record.subdir, url=url,
        sha256=record.sha256, license=record.license or "", depends=record.depends,
    )  # fmt: skip


def package_bill(component: Component, made: datetime) -> Bill:
    """The bill of one package: itself, and what it needs to run as far as its record says."""
    needed = tuple(Component(name=name) for name in _needed(component))
    namespace = f"{component.url}/sbom-{component.sha256[:16]}"
    name = f"{component.name}-{component.version}-{component.build}"
    return Bill(name=name, namespace=namespace, components=needed, made=made, subject=component)


def sbom(bill: Bill, form: SbomFormat) -> dict[str, Any]:
    """The document; equal bills give equal documents."""
    return spdx(bill) if form is SbomFormat.SPDX else cyclonedx(bill)


def spdx(bill: Bill) -> dict[str, Any]:
    """SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/)."""
    every = bill.every
    roots = (bill.subject,) if bill.subject else every
    own = {c.license for c in every if c.license and not is_spdx(c.license)}
    document: dict[str, Any] = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": bill.name,
        "documentNamespace": bill.namespace,
        "creationInfo": {"created": _moment(bill.made), "creators": [f"Tool: {TOOL}"]},
        "packages": [_spdx_package(component) for component in every],
        "relationships": [
            *(_related("SPDXRef-DOCUMENT", "DESCRIBES", _spdx_id(root)) for root in roots),
            *(_related(_spdx_id(a), "DEPENDS_ON", _spdx_id(b)) for a, b in _edges(every)),
        ],
    }
    if own:
        extracted = [{"licenseId": _license_ref(text), "extractedText": text, "name": text} for text in sorted(own)]
        document["hasExtractedLicensingInfos"] = extracted
    return document


def cyclonedx(bill: Bill) -> dict[str, Any]:
    """CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/)."""
    every = bill.every
    metadata: dict[str, Any] = {
        "timestamp": _moment(bill.made),
        "tools": {"components": [{"type": "application", "name": TOOL}]},
        "component": _cyclonedx_component(bill.subject)
        if bill.subject
        else {"type": "application", "name": bill.name, "bom-ref": "environment"},
    }
    known: dict[str, list[str]] = {component.purl: [] for component in every}
    for one, other in _edges(every):
        known[one.purl].append(other.purl)
    if not bill.subject:
        known["environment"] = [component.purl for component in every]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, bill.namespace)}",
        "version": 1,
        "metadata": metadata,
        "components": [_cyclonedx_component(c) for c in every if c is not bill.subject],
        "dependencies": [{"ref": ref, "dependsOn": sorted(others)} for ref, others in sorted(known.items())],
    }


def bill_statement(filename: str, sha256: str, bill: Bill, form: SbomFormat) -> bytes:
    """The bill of a package as an in-toto statement about it."""
    return canonical_json({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": filename, "digest": {"sha256": sha256}}],
        "predicateType": SPDX if form is SbomFormat.SPDX else CYCLONEDX,
        "predicate": sbom(bill, form),
    })  # fmt: skip


@cache
def is_spdx(text: str) -> bool:
    """Whether this is a licence expression of identifiers that SPDX knows."""
    licensing = get_spdx_licensing()
    try:
        return not licensing.unknown_license_keys(licensing.parse(text, strict=True))
    except (ExpressionError, ParseError):
        return False


def _spdx_package(component: Component) -> dict[str, Any]:
    package: dict[str, Any] = {
        "SPDXID": _spdx_id(component),
        "name": component.name,
        "downloadLocation": component.url or NOTHING,
        "filesAnalyzed": False,
        "licenseConcluded": NOTHING,
        "licenseDeclared": _declared(component.license),
        "copyrightText": NOTHING,
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": component.purl}
        ],
    }
    if component.version:
        package["versionInfo"] = component.version
    if component.sha256:
        package["checksums"] = [{"algorithm": "SHA256", "checksumValue": component.sha256}]
    return package


def _declared(text: str) -> str:
    if not text:
        return NOTHING
    return text if is_spdx(text) else _license_ref(text)


def _license_ref(text: str) -> str:
    slug = UNSAFE.sub("-", text.removeprefix("LicenseRef-")).strip("-")[:60]
    return f"LicenseRef-{slug or hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _cyclonedx_component(component: Component) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": "library", "bom-ref": component.purl, "name": component.name, "purl": component.purl,
    }  # fmt: skip
    if component.version:
        told["version"] = component.version
    if component.license:
        expression = is_spdx(component.license)
        told["licenses"] = [
            {"expression": component.license} if expression else {"license": {"name": component.license}}
        ]
    if component.sha256:
        told["hashes"] = [{"alg": "SHA-256", "content": component.sha256}]
    if component.url:
        told["externalReferences"] = [{"type": "distribution", "url": component.url}]
    return told


def _edges(every: tuple[Component, ...]) -> tuple[tuple[Component, Component], ...]:
    named = {component.name: component for component in every}
    return tuple((c, named[name]) for c in every for name in _needed(c) if name in named and name != c.name)


def _needed(component: Component) -> tuple[str, ...]:
    """The packages that its match specs name; `__unix` and the like are the machine's."""
    return tuple(sorted({name for spec in component.depends if not (name := name_of(spec)).startswith("__")} - {""}))


def _spdx_id(component: Component) -> str:
    place = f"{component.name}-{component.version}-{component.build}-{component.subdir}".strip("-")
    return f"SPDXRef-Package-{UNSAFE.sub('-', place)}-{hashlib.sha256(component.purl.encode()).hexdigest()[:8]}"


def _related(one: str, how: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
