"""Keys in AWS KMS: ECC_NIST_P256, for signing. The private half never leaves AWS."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from ci_tools.adapters.aws_clock import watch_clock
from ci_tools.adapters.stores.s3_errors import BE_SOMEBODY
from ci_tools.errors import ChannelError, RemoteError, TrustError, UsageError

if TYPE_CHECKING:
    from typing import Any

SCHEME = "awskms:"
ALGORITHM = "ECDSA_SHA_256"
TRIES = 6  # of each request, with growing pauses: KMS throttles bursts
PATIENCE = 20.0  # seconds for an answer
ARN_PARTS = 6
FORBIDDEN: Final = {"AccessDeniedException", "AccessDenied", "KMSAccessDeniedException"}
IDENTITY: Final = {
    "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException", "ExpiredToken",
    "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken",
}  # fmt: skip
TOO_FAST: Final = {"ThrottlingException", "Throttling", "LimitExceededException", "RequestLimitExceeded"}
UNUSABLE: Final = {
    "DisabledException": ("is disabled", "enable it again, or rotate to another: `channel keys rotate`"),
    "KMSInvalidStateException": ("cannot be used in its state (pending deletion?)", "`aws kms cancel-key-deletion`"),
    "NotFoundException": ("is not there", "check the alias or ARN in `trust:` of channel.yaml, and the region"),
    "InvalidKeyUsageException": ("is not for signing", "make one with --key-usage SIGN_VERIFY"),
    "InvalidArnException": ("is no KMS key", "write `awskms:alias/NAME` or `awskms:arn:aws:kms:…`"),
}
MAKE: Final = "aws kms create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY"
UNSIGNED = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)


class AwsKmsKey:
    """The signer of an `awskms:` URI: an alias, an id or an ARN, which also names the region. Safe to share by threads.

    Who may sign is said by boto3's own chain of credentials, where KMS is by `AWS_ENDPOINT_URL_KMS`; never here.
    """

    def __init__(self, uri: str, *, tries: int = TRIES) -> None:
        if not uri.startswith(SCHEME) or uri == SCHEME:
            raise UsageError(f"`{uri}` is not a KMS key", hint="write it as awskms:alias/NAME, or with an ARN")
        self._key = uri.removeprefix(SCHEME)
        self._tries = tries

    @cached_property
    def public_key_pem(self) -> bytes:
        """The public half, asked for once."""
        return self._public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, payload: bytes) -> bytes:
        """The signature, DER."""
        # DIGEST: a RAW message has 4096 bytes at most.
        answer = self._asked(
            "sign", "kms:Sign", Message=hashlib.sha256(payload).digest(), MessageType="DIGEST",
            SigningAlgorithm=ALGORITHM,
        )  # fmt: skip
        signature: bytes = answer["Signature"]
        try:
            self._public.verify(signature, payload, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as exc:
            raise TrustError(
                f"what KMS answered is no signature of `{self._key}`",
                hint="is AWS_ENDPOINT_URL_KMS set? Nothing was published",
            ) from exc
        return signature

    @cached_property
    def _public(self) -> ec.EllipticCurvePublicKey:
        answer = self._asked("get_public_key", "kms:GetPublicKey")
        key = load_der_public_key(answer["PublicKey"])
        is_p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
        if not is_p256 or answer.get("KeyUsage") != "SIGN_VERIFY":
            raise TrustError(
                f"the KMS key `{self._key}` is not ECC_NIST_P256 for SIGN_VERIFY", hint=f"make one: {MAKE}"
            )
        assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101 (looked at above)
        return key

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 (boto3 makes its clients at run time)
        parts = self._key.split(":")
        region = parts[3] if self._key.startswith("arn:") and len(parts) == ARN_PARTS else None
        config = Config(
            retries={"total_max_attempts": self._tries, "mode": "standard"},
            connect_timeout=PATIENCE, read_timeout=PATIENCE, max_pool_connections=16,
        )  # fmt: skip
        client = boto3.session.Session().client("kms", region_name=region, config=config)
        watch_clock(client)
        return client

    def _asked(self, call: str, right: str, **arguments: object) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, call)(KeyId=self._key, **arguments)
        except ClientError as exc:
            raise self._refused(exc, right) from exc
        except UNSIGNED as exc:
            raise TrustError(f"there are no AWS credentials to use the key `{self._key}`", hint=BE_SOMEBODY) from exc
        except NoRegionError as exc:
            hint = "set AWS_DEFAULT_REGION, or name the key by its ARN"
            raise UsageError(f"nobody says in which region the key `{self._key}` is", hint=hint) from exc
        except BotoCoreError as exc:
            said = f"KMS did not answer for the key `{self._key}` in {self._tries} tries"
            raise RemoteError(said, hint="try again; nothing was published", detail=str(exc)) from exc
        return answer

    def _refused(self, exc: ClientError, right: str) -> ChannelError:
        name = str(exc.response.get("Error", {}).get("Code", ""))
        status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        detail = str(exc)
        if name in UNUSABLE:
            what, hint = UNUSABLE[name]
            return TrustError(f"the KMS key `{self._key}` {what}", hint=hint, detail=detail)
        if name in FORBIDDEN:
            hint = f"this role needs {right} on the key: in its own policy and in that of the key"
            return TrustError(f"KMS does not let us use the key `{self._key}`", hint=hint, detail=detail)
        if name in IDENTITY:
            hint = "log in again, set AWS_PROFILE, and look at this machine's clock"
            return TrustError(f"KMS does not know these credentials ({name})", hint=hint, detail=detail)
        if name in TOO_FAST or status >= 500:  # noqa: PLR2004 (a server's fault)
            said = f"KMS answers {name} for the key `{self._key}`, {self._tries} times in a row"
            return RemoteError(said, hint="try again in a few minutes; nothing was published", detail=detail)
        hint = "KMS's own words are shown with -v"
        return TrustError(f"KMS refuses the key `{self._key}`: {name}", hint=hint, detail=detail)
