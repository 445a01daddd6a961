"""Run by itself: what py-rattler makes of a channel's packages. Prints JSON: file name -> "verified" or what is wrong.

python rattler_attestations.py CHANNEL_URL TRUSTED_ROOT NAME...
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from typing import TYPE_CHECKING

from rattler import Gateway, TrustedRoot, verify_attestation
from rattler.sigstore import Issuer, Publisher, VerificationPolicy

if TYPE_CHECKING:
    from rattler import RepoDataRecord


async def judge(record: RepoDataRecord, policy: VerificationPolicy, root: TrustedRoot) -> str:
    try:
        outcome = await verify_attestation(record, policy, trusted_root=root)
    except Exception as exc:  # noqa: BLE001 (whatever it says is the answer)
        return str(exc)
    checks = outcome.attestation.checks if outcome.attestation else None
    complete = checks and all((
        checks.certificate_chain, checks.signed_certificate_timestamp, checks.transparency_log, checks.inclusion_proof,
    ))  # fmt: skip
    return "verified" if complete else f"not verified: {checks} {outcome.warnings}"


async def main(channel: str, trusted_root: str, *names: str) -> None:
    policy = VerificationPolicy.require(Publisher(identity=f"{channel}#publisher", issuer=Issuer(channel)))
    root = TrustedRoot.from_path(trusted_root)
    with tempfile.TemporaryDirectory() as cache:
        found = await Gateway(cache_dir=cache).query([channel], ["noarch"], names, recursive=False)
        records = [record for records in found for record in records]
        print(json.dumps({record.file_name: await judge(record, policy, root) for record in records}))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
    sys.stdout.flush()
    os._exit(0)  # py-rattler 0.28 sometimes aborts while the interpreter ends
