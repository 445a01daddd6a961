"""Channelsmith: a private conda channel, run from a git repository."""
