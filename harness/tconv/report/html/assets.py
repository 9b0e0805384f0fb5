"""The style and the scripts inside the report, and the policy that allows no others.

The table library is DataTables (MIT): real tables with aria-sort and keyboard, no dependencies,
maintained since 2008. A release file of its npm package is kept as package data; see its licence
beside it. Shares are bars in table cells and differences small SVGs, so no plot library is needed.
"""

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Self

LIBRARY: Final = "vendor/dataTables-3.1.5.min.js"
LICENCE: Final = "vendor/dataTables-3.1.5.LICENSE.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Texts for the report.

    Attributes:
        style: the style sheet.
        library: the table library.
        script: what makes tables interactive.
        licence: licence of the library.
    """

    style: str
    library: str
    script: str
    licence: str

    @classmethod
    def from_package(cls) -> Self:
        """Return the texts that come with the package."""
        folder = files("tconv.report") / "static"
        names = ("report.css", LIBRARY, "report.js", LICENCE)
        style, library, script, licence = (
            (folder / name).read_text(encoding="utf-8").strip() for name in names
        )
        return cls(style=style, library=library, script=script, licence=licence)

    @property
    def policy(self) -> str:
        """A content security policy: these scripts run, no other, and nothing is loaded."""
        hashes = " ".join(_hash(text) for text in (self.library, self.script))
        return (
            f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
