"""Writes a run directory: a new one, or one that an earlier process left incomplete."""

import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from itertools import chain, count
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from tconv.errors import StoreError
from tconv.store import json_file, part
from tconv.store.columns import SCHEMA_VERSION
from tconv.store.compaction import compact
from tconv.store.digest import RowsDigest
from tconv.store.errors import FOOTER, require_unicode, unwritable
from tconv.store.part import StoredPart
from tconv.store.row_batch import RowBatch


class RunLock:
    """The right to write a run directory, from construction to :meth:`release`.

    The operating system holds the lock, so a killed process leaves none behind.

    Raises:
        StoreError: another process writes this run, or the directory cannot be written.
    """

    def __init__(self, run: Path) -> None:
        self._path = run / ".lock"
        self._lock = FileLock(self._path, blocking=False, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise StoreError(
                f"{run} is being written by another process; wait for it to end or stop it, "
                "then resume the run"
            ) from None
        except OSError as error:
            raise unwritable(self._path, error) from error

    def release(self) -> None:
        """Let other processes write the run; may be called more than once."""
        self._lock.release()

    def remove(self) -> None:
        """Release the lock of a finished run, and remove its file."""
        self._path.unlink(missing_ok=True)
        self.release()


class RunWriter(AbstractContextManager["RunWriter"]):
    """A run directory, opened for writing by one process at a time.

    Leaving the context lets another process continue it.

    Attributes:
        path: the run directory.
        digest: digest of the rows written so far.
    """

    def __init__(self, path: Path, lock: RunLock) -> None:
        self.path = path
        self.digest = RowsDigest()
        self._lock = lock

    @classmethod
    def create(cls, path: Path, header: Mapping[str, object]) -> Self:
        """Make a new run directory with its header.

        Where `path` exists already, because two runs may start in the same second, `-2` is added
        to its name, or `-3`, and so on.

        Raises:
            StoreError: the directory cannot be written.
        """
        directory = _new_directory(path)
        writer = cls(directory, RunLock(directory))
        try:
            json_file.write(directory / "header.json", {"schema_version": SCHEMA_VERSION, **header})
        except BaseException:
            writer.discard()  # a run without a header cannot be resumed
            raise
        return writer

    @classmethod
    def resume(cls, path: Path) -> Self:
        """Continue a run that an earlier process left incomplete.

        Raises:
            StoreError: another process is writing it, it is complete, a part is damaged, or the
                directory cannot be written.
        """
        with ExitStack() as failed:
            lock = RunLock(path)
            failed.callback(lock.release)
            writer = cls(path, lock)
            writer._recover()
            failed.pop_all()
        return writer

    def _recover(self) -> None:
        """Count the rows that are there, and remove unfinished and leftover files."""
        if (self.path / FOOTER).exists():
            self._lock.remove()
            raise StoreError(
                f"{self.path} is complete already, so nothing is left to resume; `tconv report` "
                "writes its reports again"
            )
        live, leftover = part.live_and_leftover(self.path)
        try:
            for path in chain(self.path.rglob("*.unfinished"), (one.path for one in leftover)):
                path.unlink()
        except OSError as error:
            raise unwritable(self.path, error) from error
        for one in live:
            self.digest.join(one.digest, len(one.span))

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def add_to_header(self, entries: Mapping[str, object]) -> None:
        """Add entries to the header.

        Raises:
            StoreError: the directory cannot be written, or its header is damaged.
        """
        header = self.path / "header.json"
        json_file.write(header, json_file.read(header, {}) | dict(entries))

    def write(self, target: int, first: int, row_batch: RowBatch) -> None:
        """Write the rows of consecutive cases of a target, from case `first`, all or nothing.

        Raises:
            StoreError: the directory cannot be written; what was written before stays.
        """
        path = part.path_of(self.path, target, first)
        unfinished = path.with_suffix(".unfinished")
        try:
            unfinished.write_bytes(row_batch.parquet)
            json_file.move_into_place(unfinished, path)
        except OSError as error:
            raise unwritable(path, error) from error
        self.digest.join(row_batch.digest, row_batch.rows)

    def adopt(self, other: StoredPart, *, target: int, first: int) -> None:
        """Copy a part of another run; its rows become those of `target` from case `first`.

        Raises:
            StoreError: as for :meth:`write`.
        """
        path = part.path_of(self.path, target, first)
        unfinished = path.with_suffix(".unfinished")
        try:
            shutil.copyfile(other.path, unfinished)
            json_file.move_into_place(unfinished, path)
        except OSError as error:
            raise unwritable(path, error) from error
        self.digest.join(other.digest, len(other.span))

    def finish(self, footer: Mapping[str, object]) -> None:
        """Join small parts and write the footer, which makes the run complete.

        Raises:
            StoreError: the directory cannot be written.
        """
        compact(self.path)
        header = json_file.read(self.path / "header.json", {})
        parts, _ = part.live_and_leftover(self.path)
        facts = {
            "rows": self.digest.rows,
            "digest": self.digest.hexadecimal,
            "header": header.get(json_file.CHECKSUM),
            "parts": {each.path.name: part.file_digest(each.path) for each in parts},
        }
        json_file.write(self.path / FOOTER, facts | dict(footer))
        self._lock.remove()

    def discard(self) -> None:
        """Remove the run directory and all its files, as far as possible."""
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)


def _new_directory(path: Path) -> Path:
    """Make the first directory of `path`, `path-2`, `path-3`, ... that does not exist yet."""
    require_unicode(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for candidate in chain([path], (path.with_name(f"{path.name}-{at}") for at in count(2))):
            with suppress(FileExistsError):
                candidate.mkdir()
                (candidate / "parts").mkdir()
                return candidate
    except OSError as error:
        raise unwritable(path, error) from error
    raise AssertionError  # names never run out
