"""What carries out builds."""
