"""Where a channel is kept."""
