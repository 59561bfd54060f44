"""What the published numbers come from: `python -m benchmarks`."""
