"""The four Keras backends, one per backend of Keras."""
