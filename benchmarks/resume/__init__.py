"""Does an answer survive a line that keeps breaking? Measured on the local model."""
