"""The door: parse, wire, call one flow, render, exit."""


def main() -> None:
    """The command `channel`."""
