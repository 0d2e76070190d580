"""The lists of what nothing here can make: MFA devices, certificates, SSH keys, SAML providers.

They are answered because the answer is known: Terraform and others read every one of them before they delete a user.
What would make one, and what would need one, is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.iam.model import User
from lambent.services.iam.naming import get, user_name
from lambent.services.iam.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.store import Store

# Operation -> member of its answer.
OF_USERS: Mapping[str, str] = {
    "ListMFADevices": "MFADevices",
    "ListSigningCertificates": "Certificates",
    "ListSSHPublicKeys": "SSHPublicKeys",
    "ListServiceSpecificCredentials": "ServiceSpecificCredentials",
}
OF_ACCOUNTS: Mapping[str, str] = {
    "ListVirtualMFADevices": "VirtualMFADevices",
    "ListServerCertificates": "ServerCertificateMetadataList",
    "ListSAMLProviders": "SAMLProviderList",
}
# Answers without pages.
_WHOLE = frozenset({"ServiceSpecificCredentials", "SAMLProviderList"})


@dataclass(frozen=True, slots=True)
class OtherCredentials:
    """The operations, each with the member of its answer as the first argument."""

    store: Store

    def of_user(
        self, member: str, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        if not request.get("AllUsers"):
            get(self.store, tx, context, User, user_name(context, request))
        return _empty(member, request)

    def of_account(
        self, member: str, _tx: Tx, _context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        return _empty(member, request)


def _empty(member: str, request: Mapping[str, Any]) -> dict[str, Any]:
    return {member: []} if member in _WHOLE else page(request, member, ())
