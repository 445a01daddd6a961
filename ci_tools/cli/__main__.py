"""`python -m ci_tools.cli` is `channel`."""

from ci_tools.cli import main

main()
