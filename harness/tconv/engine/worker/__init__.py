"""What runs inside a worker process: computing and judging a batch of cases."""
