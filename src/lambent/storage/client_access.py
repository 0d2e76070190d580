"""What a client needs to reach the platform, for `lambent env`: written at start, readable by core's user and root."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lambent.storage.durable import write_file

if TYPE_CHECKING:
    from lambent.core.ports import Credential
    from lambent.storage.data_dir import DataDir


class ClientAccessMissing(Exception):
    """No platform has been started with this data directory, or its secrets may not be read. One line."""


@dataclass(frozen=True, slots=True)
class ClientAccess:
    """Where the platform is (a URL) and the root access key of its default account."""

    endpoint: str
    region: str
    account_id: str
    access_key_id: str
    secret_access_key: str


def write_client_access(data_dir: DataDir, root: Credential, endpoint: str, region: str) -> None:
    """Write the file, mode 0600, whole or not at all."""
    access = ClientAccess(
        endpoint,
        region,
        root.principal.account_id,
        root.access_key_id,
        root.secret_access_key,
    )
    write_file(data_dir.root_key_path, json.dumps(asdict(access)).encode())


def read_client_access(data_dir: DataDir) -> ClientAccess:
    """What the last start wrote.

    Raises:
        ClientAccessMissing: see there.
    """
    try:
        return ClientAccess(**json.loads(data_dir.root_key_path.read_text()))
    except FileNotFoundError:
        raise ClientAccessMissing(
            f"{data_dir.path} has not been used by `lambent up` yet"
        ) from None
    except PermissionError:
        raise ClientAccessMissing(
            f"{data_dir.root_key_path} may be read by root only: run `lambent env` as root"
        ) from None
    except (OSError, ValueError, TypeError) as problem:
        raise ClientAccessMissing(f"{data_dir.root_key_path} cannot be read: {problem}") from None
