"""What every test may use: `from packages import make_package` works because this file puts tests/ on the path."""
