"""The version of the package, where a build and every module can read it."""

__version__ = "0.1.0"
