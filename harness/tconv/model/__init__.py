"""The values that every other package uses: cases, targets, outcomes, verdicts."""
