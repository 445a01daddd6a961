"""Where the rotation keeps what is secret."""
