"""What an account demands of passwords."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lambent.services.iam.account_settings import settings_of
from lambent.services.iam.errors import NoSuchEntity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_iam.type_defs import UpdateAccountPasswordPolicyRequestTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.store import Store

# "If you do not specify a value for a parameter, then IAM uses the default value" (UpdateAccountPasswordPolicy).
_DEFAULTS: dict[str, Any] = {
    "MinimumPasswordLength": 6,
    "RequireSymbols": False,
    "RequireNumbers": False,
    "RequireUppercaseCharacters": False,
    "RequireLowercaseCharacters": False,
    "AllowUsersToChangePassword": False,
}
_OPTIONAL = ("MaxPasswordAge", "PasswordReusePrevention", "HardExpiry")
# "The IAM default password policy" (IAM user guide).
_USUAL_LENGTH = 8
_USUAL_KINDS = 3
_SYMBOLS = frozenset("!@#$%^&*()_+-=[]{}|'")


@dataclass(frozen=True, slots=True)
class PasswordPolicies:
    """The operations on the account's password policy."""

    store: Store

    def update_account_password_policy(
        self, tx: Tx, context: RequestContext, request: UpdateAccountPasswordPolicyRequestTypeDef
    ) -> Document:
        given: Mapping[str, Any] = request
        policy = {name: given.get(name, default) for name, default in _DEFAULTS.items()}
        policy |= {name: given[name] for name in _OPTIONAL if name in given}
        settings = settings_of(self.store, tx, context)
        self.store.put(tx, replace(settings, password_policy=policy))
        return {}

    def get_account_password_policy(
        self, tx: Tx, context: RequestContext, request: Document
    ) -> Document:
        policy = self._known(tx, context)
        expires = policy.get("MaxPasswordAge", 0) > 0
        return {"PasswordPolicy": {**policy, "ExpirePasswords": expires}}

    def delete_account_password_policy(
        self, tx: Tx, context: RequestContext, request: Document
    ) -> Document:
        self._known(tx, context)
        settings = settings_of(self.store, tx, context)
        self.store.put(tx, replace(settings, password_policy=None))
        return {}

    def _known(self, tx: Tx, context: RequestContext) -> Mapping[str, Any]:
        account_id = context.scope.account_id
        policy = settings_of(self.store, tx, context).password_policy
        if policy is None:
            raise NoSuchEntity(
                f"The Password Policy with domain name {account_id} cannot be found."
            )
        return policy


def complaint(password: str, policy: Mapping[str, Any] | None) -> str:
    """What is wrong with a password, or ""."""
    rules = policy or {}
    least = rules.get("MinimumPasswordLength", _USUAL_LENGTH)
    if len(password) < least:
        return f"Password should have a minimum length of {least}"
    if policy is None:
        return _usual_complaint(password)
    wanted = (
        ("RequireUppercaseCharacters", "one uppercase letter", str.isupper),
        ("RequireLowercaseCharacters", "one lowercase letter", str.islower),
        ("RequireNumbers", "one number", str.isdigit),
        ("RequireSymbols", "one of the following symbols: !@#$%^&*()_+-=[]{}|'", _is_symbol),
    )
    for name, what, test in wanted:
        if rules.get(name) and not any(map(test, password)):
            return f"Password should have at least {what}"
    return ""


def _usual_complaint(password: str) -> str:
    """ "Minimum of three of the following mix of character types" (the IAM default password policy)."""
    kinds = (
        ("one uppercase letter", str.isupper),
        ("one lowercase letter", str.islower),
        ("one number", str.isdigit),
        ("one symbol", _is_symbol),
    )
    missing = [what for what, test in kinds if not any(map(test, password))]
    more = _USUAL_KINDS - (len(kinds) - len(missing))
    if more <= 0:
        return ""
    listed = ", ".join(f"Password should have at least {what}" for what in missing)
    return f"Password should meet {more} more of the following requirements: {listed}"


def _is_symbol(character: str) -> bool:
    return character in _SYMBOLS
