"""Writes the bill of materials of an installation: every package that is installed, with its checksums, as CycloneDX.

`make release` writes it beside the wheel. The same lock file and version give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

_PACKAGE = re.compile(r"^([\w.-]+)==([^\s;]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def bill(lock: str, version: str, at: datetime) -> str:
    """CycloneDX 1.6 as JSON: what a lock file names, as parts of Handrail in this version."""
    product = _component("handrail", version, (), ComponentType.APPLICATION)
    parts = [
        _component(found[1], found[2], _HASH.findall(block), ComponentType.LIBRARY)
        for block in re.split(r"\n(?=\S)", lock)
        if (found := _PACKAGE.match(block))
    ]
    made = Bom(components=parts, serial_number=uuid5(NAMESPACE_URL, f"handrail {version} {lock}"))
    made.metadata.component = product
    made.metadata.timestamp = at
    made.register_dependency(product, parts)
    return f"{JsonV1Dot6(made).output_as_string(indent=2)}\n"


def _component(name: str, version: str, sums: Sequence[str], kind: ComponentType) -> Component:
    purl = PackageURL("pypi", name=re.sub(r"[-_.]+", "-", name).lower(), version=version)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=one) for one in sums]
    return Component(name=name, version=version, type=kind, purl=purl, bom_ref=str(purl), hashes=hashes)
