"""Reading the channel as one of its consumers: with the token that the environment holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.secret import Secret
from ci_tools.core.tokens import parse_token
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.core.tokens import Token

TOKEN = "CHANNEL_TOKEN"  # noqa: S105 (the name of a variable: the token that builds read the channel with)


def channel_token(run: Run) -> Token | None:
    """The token, masked from now on; None where there is none."""
    said = run.env.get(TOKEN, "").strip()
    if not said:
        return None
    run.host.mask(Secret(said))
    token = parse_token(said)
    if token is None:
        raise UsageError(f"what {TOKEN} holds is not a token", hint="set it to what `channel access token` printed")
    return token
