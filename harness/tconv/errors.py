"""The errors that users can fix: one base class, and one subclass for each kind."""


class TconvError(Exception):
    """Something that the user can fix."""


class CaseError(TconvError, ValueError):
    """A parameter of a case has a value that no case can have."""


class ConfigError(TconvError, ValueError):
    """A configuration file has a key or a value that does not belong there."""


class PredicateError(TconvError, ValueError):
    """A predicate does not parse, or uses a name that does not exist."""


class ClaimError(TconvError, ValueError):
    """A claim does not parse, or is about something that is neither computable nor measured."""


class TargetError(TconvError, LookupError):
    """A target names a backend, a mode or a device that does not exist."""


class UnavailableError(TconvError, ImportError):
    """A backend cannot be used here: not installed, broken, or without its device."""


class ExecutorError(TconvError, RuntimeError):
    """The processes or the cluster that should run the cases cannot be started, or are gone."""


class StoreError(TconvError, OSError):
    """A run directory cannot be written, or does not hold what it should."""


class AtlasError(TconvError, ValueError):
    """An atlas of rules does not parse, or has no answer to the question."""


class IncompleteError(TconvError, RuntimeError):
    """A run stopped early; what it wrote is kept, and it can be resumed."""
