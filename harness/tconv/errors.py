"""The mistakes the harness reports: one base, one leaf for each kind of mistake."""


class HarnessError(Exception):
    """Something the user of the harness can mend."""


class CaseError(HarnessError, ValueError):
    """A parameter of a case has a value that no case can have."""


class ConfigError(HarnessError, ValueError):
    """A configuration file has a key or a value that does not belong there."""


class PredicateError(HarnessError, ValueError):
    """A predicate cannot be read, or names what is not there."""


class ClaimError(HarnessError, ValueError):
    """A claim cannot be read, or speaks of what cannot be computed or was not measured."""


class TargetError(HarnessError, LookupError):
    """A target names a backend, a mode or a device that does not exist."""


class AdapterError(HarnessError, RuntimeError):
    """An adapter breaks its contract: the fault is the adapter's, not its framework's."""


class UnavailableError(HarnessError, ImportError):
    """A backend cannot be used here: not installed, broken, or without its device."""


class ExecutorError(HarnessError, RuntimeError):
    """What should run the cases cannot be had, or is gone."""


class StoreError(HarnessError, OSError):
    """A run directory cannot be written, or does not hold what it should."""


class AtlasError(HarnessError, ValueError):
    """An atlas of rules cannot be read, or has no answer to what was asked."""


class IncompleteError(HarnessError, RuntimeError):
    """A run ended before its end; what it wrote is kept, and it can be resumed."""
