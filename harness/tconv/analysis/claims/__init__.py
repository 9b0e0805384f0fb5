"""Published statements about transposed convolution, held against computation and measurement."""
