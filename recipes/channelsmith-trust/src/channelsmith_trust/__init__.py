"""Lets conda install from a channel only what the channel's owner signed.

A client that pins one file, `1.root.json`, follows the channel's chain of signatures by the rules of The Update
Framework: root, timestamp, snapshot, targets, index, record, package. conda asks before each transaction.
"""
