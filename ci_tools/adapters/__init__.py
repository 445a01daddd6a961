"""Every byte in or out of the process."""
