"""Which elements of the full result each pixel of one axis reaches."""

from dataclasses import dataclass

from tconv.model.geometry import full_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What one axis of a transposed convolution reaches.

    Attributes:
        i: input size.
        k: kernel size, taps.
        s: stride.
        d: dilation.
    """

    i: int
    k: int
    s: int = 1
    d: int = 1

    @property
    def size(self) -> int:
        """Size of the full result, s(i-1) + d(k-1) + 1."""
        return full_size(self.i, self.k, self.s, self.d)

    def reached(self, pixel: int) -> tuple[int, ...]:
        """Return the elements of the full result that an input pixel adds to, one per tap."""
        return tuple(self.s * pixel + self.d * tap for tap in range(self.k))

    def terms(self, element: int) -> int:
        """Return how many input pixels add to an element of the full result."""
        return sum(element in self.reached(pixel) for pixel in range(self.i))
