"""What is wrong with a document, all of it: errors refuse the import, warnings do if the client says so."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambent.apis.errors import BadRequest
from lambent.core.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Report:
    """Collected in the order of the document."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @contextmanager
    def error(self, doing: str) -> Iterator[None]:
        """What is refused inside is an error."""
        try:
            yield
        except ServiceError as problem:
            self.errors.append(f"{doing}: {problem.message}")

    @contextmanager
    def warning(self, doing: str) -> Iterator[None]:
        """What is refused inside is a warning."""
        try:
            yield
        except ServiceError as problem:
            self.warnings.append(f"{doing}: {problem.message}")

    def settle(self, *, fail_on_warnings: bool) -> None:
        """Raises BadRequest where the import is to be refused."""
        if self.errors:
            text = "Errors found during import:" + _lines(self.errors)
            if self.warnings:
                text += "\nAdditionally, these warnings were found:" + _lines(self.warnings)
            raise BadRequest(text)
        if self.warnings and fail_on_warnings:
            raise BadRequest("Warnings found during import:" + _lines(self.warnings))


def _lines(texts: list[str]) -> str:
    return "".join(f"\n\t{text}" for text in texts)
