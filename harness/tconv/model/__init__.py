"""The values that all else speaks of: cases, targets, outcomes, verdicts."""
