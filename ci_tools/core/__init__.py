"""What the decisions are made of: values in, values out, no clock, no I/O, no environment."""
