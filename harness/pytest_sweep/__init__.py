"""A sweep as pytest sees it: items of cases that run, and a run directory that is written."""
