"""Any conda channel to read from."""
