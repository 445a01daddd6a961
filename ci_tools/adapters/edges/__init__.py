"""What lets clients in."""
