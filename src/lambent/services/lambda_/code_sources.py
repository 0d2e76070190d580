"""Where a request says its code is: in itself or in S3. A container image is none for the functions here.

S3 is asked through a port. Without one there are no buckets, and the answer is the one that AWS gives then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from lambent.services.lambda_.errors import InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.services.lambda_.ports import Objects


class ObjectUnavailable(Exception):
    """S3 did not give an object. Args: its error's code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class CodeSources:
    """Fetches deployment packages. Args: S3, where there is one."""

    objects: Objects | None = None

    def check(self, code: Mapping[str, Any]) -> None:
        """Raises InvalidParameterValue unless exactly one source is named."""
        in_s3 = bool(code.get("S3Bucket") or code.get("S3Key"))
        if "ZipFile" in code and (in_s3 or code.get("ImageUri")):
            raise InvalidParameterValue(
                "Please do not provide other FunctionCode parameters when providing a ZipFile."
            )
        if "ZipFile" in code:
            return
        if not in_s3:
            raise InvalidParameterValue("Please provide a source for function code.")
        if not code.get("S3Bucket") or not code.get("S3Key"):
            raise InvalidParameterValue(
                "S3 Bucket and Key are required for uploading with S3 parameters."
            )

    async def fetch(self, code: Mapping[str, Any]) -> bytes:
        """The bytes of the zip. Raises InvalidParameterValue with what S3 said."""
        if "ZipFile" in code:
            return cast("bytes", code["ZipFile"])
        if self.objects is None:
            raise _refused(ObjectUnavailable("NoSuchBucket", "The specified bucket does not exist"))
        try:
            version = code.get("S3ObjectVersion", "")
            return await self.objects.get(code["S3Bucket"], code["S3Key"], version)
        except ObjectUnavailable as unavailable:
            raise _refused(unavailable) from unavailable


def _refused(unavailable: ObjectUnavailable) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"Error occurred while GetObject. S3 Error Code: {unavailable.code}. "
        f"S3 Error Message: {unavailable.message}"
    )
