"""The keys, and what signs with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_tools.config import ChannelConfig
    from ci_tools.core.keyset import KeyName
    from ci_tools.core.secret import Secret
    from ci_tools.ports import Keystore, Signer

PASSPHRASE = "CHANNEL_KEY_PASSPHRASE"  # noqa: S105 (the name of a variable)


def keystore(config: ChannelConfig, env: Mapping[str, str]) -> Keystore:
    """The channel's keys, private and public."""
    from ci_tools.adapters.keystore import KeyFiles
    from ci_tools.core.keyset import KeyName

    uris = {name: str(getattr(config.trust, name.value)) for name in KeyName}
    return KeyFiles(uris, Path(config.trust.public), base=config.folder, passphrase=_passphrase(env))


def keystore_anywhere(folder: Path, env: Mapping[str, str]) -> Keystore:
    """Keys by their URIs alone, for whoever has no channel.yaml; relative paths start at `folder`."""
    from ci_tools.adapters.keystore import KeyFiles

    return KeyFiles({}, Path(), base=folder, passphrase=_passphrase(env))


def signer(config: ChannelConfig, uri: str, env: Mapping[str, str]) -> Signer:
    """The key that `uri` names, one of `config.trust`."""
    if uri.startswith("file:"):
        from ci_tools.adapters.signers.local_key import local_key

        return local_key(uri, config.folder, _passphrase(env))
    if uri.startswith("awskms:"):
        from ci_tools.adapters.signers.aws_kms import AwsKmsKey

        return AwsKmsKey(uri)
    raise UsageError(f"`{uri}` is not where a key is", hint="write `file:PATH` or `awskms:KEY` (an alias or an ARN)")


def key(config: ChannelConfig, env: Mapping[str, str], name: KeyName) -> Signer:
    """A key that must be there."""
    return signer(config, str(getattr(config.trust, name.value)), env)


def _passphrase(env: Mapping[str, str]) -> Secret | None:
    from ci_tools.core.secret import Secret

    return Secret(env[PASSPHRASE]) if env.get(PASSPHRASE) else None
