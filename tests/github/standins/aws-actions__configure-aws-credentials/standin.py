"""Hands out the S3 server's key where the job names a role and may ask for an identity: else as AWS, not."""

import os
import sys
from pathlib import Path

env = os.environ
if not env["INPUT_ROLE_TO_ASSUME"].startswith("arn:aws:iam::") or not env["INPUT_AWS_REGION"]:
    sys.exit("::error::Could not assume role with OIDC: no role or no region")
with Path(env["GITHUB_ENV"]).open("a") as file:
    file.writelines(
        f"{name}={env[f'STANDIN_{name}']}\n"
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
    )
