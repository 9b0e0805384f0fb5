"""The atlas: what frameworks do with open cases, as rules inferred from measured resolutions."""
