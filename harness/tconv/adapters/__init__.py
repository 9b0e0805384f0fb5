"""One module per framework; nothing else in the harness imports a framework."""
