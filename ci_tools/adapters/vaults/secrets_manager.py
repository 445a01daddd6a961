"""AWS Secrets Manager as vault. The label AWSCURRENT moves from the version that was read, or not at all."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ci_tools.adapters.aws import client, code, translated
from ci_tools.core.secret import Secret
from ci_tools.errors import ConflictError
from ci_tools.ports.rotation import Kept

if TYPE_CHECKING:
    import boto3

CURRENT, NEXT = "AWSCURRENT", "CHANNEL-"
MISSING = "ResourceNotFoundException"
RIGHT = "the right to read and write secrets below the rotation's prefix"


class SecretsManager:
    """The secrets below `prefix`. `endpoint` is a server other than AWS."""

    def __init__(
        self, *, prefix: str, region: str = "", endpoint: str = "", session: boto3.Session | None = None
    ) -> None:
        self._prefix = prefix
        with translated("Secrets Manager", RIGHT):
            self._client = client("secretsmanager", region=region, endpoint=endpoint, session=session)

    def read(self, name: str) -> Kept | None:
        with translated(f"the secret `{self._full(name)}`", RIGHT):
            try:
                said = self._client.get_secret_value(SecretId=self._full(name), VersionStage=CURRENT)
            except ClientError as exc:
                if code(exc) == MISSING:  # no secret, or one without a value yet
                    return None
                raise
        return Kept(text=Secret(said["SecretString"]), version=said["VersionId"])

    def write(self, name: str, text: Secret, replaces: str) -> str:
        full, token = self._full(name), str(uuid.uuid4())
        with translated(f"the secret `{full}`", RIGHT):
            if not replaces:
                self._created(full)
            # Put aside first: nothing reads this label, and the last of its kind keeps no older version alive.
            self._client.put_secret_value(
                SecretId=full, SecretString=text.reveal(), ClientRequestToken=token, VersionStages=[NEXT + token[:8]]
            )
            self._swap(full, token, replaces)
        return token

    def _created(self, full: str) -> None:
        try:
            self._client.create_secret(Name=full, Description="kept by channel access rotate")
        except ClientError as exc:
            if code(exc) != "ResourceExistsException":
                raise

    def _swap(self, full: str, token: str, replaces: str) -> None:
        stages = self._client.describe_secret(SecretId=full).get("VersionIdsToStages", {})
        present = next((version for version, labels in stages.items() if CURRENT in labels), "")
        if present not in {replaces, token}:
            self._withdraw(full, token)
            raise _conflict(full)
        more = {"RemoveFromVersionId": replaces} if replaces else {}
        try:
            if present != token:  # the first version of a secret is current at once
                self._client.update_secret_version_stage(
                    SecretId=full, VersionStage=CURRENT, MoveToVersionId=token, **more
                )
        except ClientError as exc:
            if code(exc) in {"InvalidParameterException", "InvalidRequestException"}:
                raise _conflict(full) from exc  # the label had moved since
            raise
        self._withdraw(full, token)

    def _withdraw(self, full: str, token: str) -> None:
        self._client.update_secret_version_stage(
            SecretId=full, VersionStage=NEXT + token[:8], RemoveFromVersionId=token
        )

    def _full(self, name: str) -> str:
        return f"{self._prefix}/{name}"


def _conflict(full: str) -> ConflictError:
    return ConflictError(f"somebody else has changed the secret `{full}`", hint="another rotation runs: try again")
