"""Answers to a user's question about one call: from the atlas, or from the framework itself."""
