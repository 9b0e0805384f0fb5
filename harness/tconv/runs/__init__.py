"""One sweep from its specification to a finished run directory: new, resumed or merged."""
