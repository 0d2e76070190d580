"""What a client needs to reach the platform, for `lambent env`: readable by core's user and root.

That of the default account is written at each start, that of another one when the account is made.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from lambent.storage.durable import make_directory, write_file

if TYPE_CHECKING:
    from pathlib import Path

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
    """Write that of the default account, mode 0600, whole or not at all."""
    write_file(data_dir.root_key_path, _text(root, endpoint, region))


def add_client_access(data_dir: DataDir, root: Credential, endpoint: str, region: str) -> None:
    """Write that of one more account."""
    make_directory(data_dir.root_keys_dir, 0o700)
    path = data_dir.root_keys_dir / root.principal.account_id
    write_file(path, _text(root, endpoint, region))


def forget_client_accesses(data_dir: DataDir) -> None:
    """Every account but the default one is gone (`--test-mode`)."""
    shutil.rmtree(data_dir.root_keys_dir, ignore_errors=True)


def _text(root: Credential, endpoint: str, region: str) -> bytes:
    access = ClientAccess(
        endpoint,
        region,
        root.principal.account_id,
        root.access_key_id,
        root.secret_access_key,
    )
    return json.dumps(asdict(access)).encode()


def read_client_access(data_dir: DataDir, account_id: str = "") -> ClientAccess:
    """What the last start wrote; with the root key of another account, where one is given.

    Raises:
        ClientAccessMissing: see there.
    """
    default = _read(data_dir, data_dir.root_key_path)
    if account_id in ("", default.account_id):
        return default
    path = data_dir.root_keys_dir / account_id
    if not account_id.isdecimal() or not path.exists():
        raise ClientAccessMissing(f"there is no account {account_id}: lambent account create")
    # The platform may have moved since the account was made.
    return replace(_read(data_dir, path), endpoint=default.endpoint, region=default.region)


def _read(data_dir: DataDir, path: Path) -> ClientAccess:
    try:
        return ClientAccess(**json.loads(path.read_text()))
    except FileNotFoundError:
        raise ClientAccessMissing(
            f"{data_dir.path} has not been used by `lambent up` yet; "
            "--data-dir or LAMBENT_DATA_DIR names another directory"
        ) from None
    except PermissionError:
        raise ClientAccessMissing(
            f"{path} may be read by root only: run `lambent env` as root"
        ) from None
    except (OSError, ValueError, TypeError) as problem:
        raise ClientAccessMissing(f"{path} cannot be read: {problem}") from None
