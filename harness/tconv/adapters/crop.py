"""What is cut off a framework's result where none of its calls gives the case's window."""

from dataclasses import dataclass
from typing import Final

from tconv.model.route import Composed, Native


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """The positions to cut off, one entry per spatial axis; by default nothing is cut.

    Attributes:
        begin: positions cut off the begin, 0 or more.
        end: positions cut off the end, 0 or more.
    """

    begin: tuple[int, ...] = ()
    end: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything is cut."""
        return any(self.begin + self.end)

    def route(self, call: str) -> Native | Composed:
        """Return that `call` is all there is, or that it is composed with this crop."""
        if not self:
            return Native(call=call)
        sides = (("begin", any(self.begin)), ("end", any(self.end)))
        words = " and ".join(side for side, is_cut in sides if is_cut)
        return Composed(call=call, addition=f"crop the {words}")


NO_CROP: Final = Crop()
"""The crop that cuts nothing."""
