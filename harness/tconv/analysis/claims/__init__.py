"""Published statements about transposed convolution, checked by computation and measurement."""
