"""What only a run on a code host has to decide: which range, which cells, what may be believed and shown."""
