"""The credential report: every user of an account with its password and keys, as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lambent.services.iam import uses
from lambent.services.iam.access_keys import owned_by
from lambent.services.iam.account_settings import settings_of
from lambent.services.iam.accounts import ACTIVE
from lambent.services.iam.errors import CredentialReportNotPresent
from lambent.services.iam.model import User, moment, seconds
from lambent.services.iam.tables import ACCESS_KEYS, ACCOUNTS

if TYPE_CHECKING:
    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.store import Store

# "Getting credential reports" (IAM user guide) names them in this order.
_COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)
_NONE = "N/A"
# "You can generate a credential report as often as once every four hours."
_FRESH_S = 4 * 3600


@dataclass(frozen=True, slots=True)
class CredentialReports:
    """The operations on the report. It is made when it is asked for, so it is never in progress."""

    store: Store

    def generate_credential_report(
        self, tx: Tx, context: RequestContext, request: Document
    ) -> Document:
        settings, now_s = settings_of(self.store, tx, context), seconds(context.now)
        if settings.report and now_s - settings.reported_s < _FRESH_S:
            return {"State": "COMPLETE"}
        report = self._report(tx, context)
        self.store.put(tx, replace(settings, report=report, reported_s=now_s))
        return {
            "State": "STARTED",
            "Description": "No report exists. Starting a new report generation task",
        }

    def get_credential_report(self, tx: Tx, context: RequestContext, request: Document) -> Document:
        settings = settings_of(self.store, tx, context)
        if not settings.report:
            raise CredentialReportNotPresent
        return {
            "Content": settings.report.encode(),
            "ReportFormat": "text/csv",
            "GeneratedTime": moment(settings.reported_s),
        }

    def _report(self, tx: Tx, context: RequestContext) -> str:
        account_id = context.scope.account_id
        text = io.StringIO()
        writer = csv.DictWriter(text, _COLUMNS, restval=_NONE, lineterminator="\n")
        writer.writeheader()
        account = tx.one(select(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id))
        assert account is not None
        root = {
            "user": "<root_account>",
            "arn": f"arn:aws:iam::{account_id}:root",
            "user_creation_time": _time(account.created_ms // 1000),
            "password_enabled": "not_supported",
            "password_last_used": "no_information",
            "password_last_changed": "not_supported",
            "password_next_rotation": "not_supported",
        }
        writer.writerow(root | _rest(tx, account_id, None))
        for user in self.store.all(tx, account_id, User):
            writer.writerow(_of_user(user) | _rest(tx, account_id, user))
        return text.getvalue()


def _of_user(user: User) -> dict[str, str]:
    row = {
        "user": user.name,
        "arn": user.arn,
        "user_creation_time": _time(user.created_s),
        "password_enabled": _flag(user.login is not None),
    }
    if user.login is not None:
        row["password_last_used"] = "no_information"  # noqa: S105 - a column
        row["password_last_changed"] = _time(user.login.changed_s)
    return row


def _rest(tx: Tx, account_id: str, user: User | None) -> dict[str, str]:
    row = {"mfa_active": "false", "cert_1_active": "false", "cert_2_active": "false"}
    keys: list[Any] = list(
        tx.all(
            select(ACCESS_KEYS)
            .where(owned_by(account_id, user))
            .order_by(ACCESS_KEYS.c.created_ms, ACCESS_KEYS.c.access_key_id)
            .limit(2)
        )
    )
    for number in (1, 2):
        name = f"access_key_{number}"
        key = keys[number - 1] if len(keys) >= number else None
        row[f"{name}_active"] = _flag(key is not None and key.status == ACTIVE)
        if key is None:
            continue
        row[f"{name}_last_rotated"] = _time(key.created_ms // 1000)
        use = uses.latest(tx, account_id, key.access_key_id)
        if use is not None:
            row[f"{name}_last_used_date"] = _time(use.used_ms // 1000)
            row[f"{name}_last_used_region"] = use.region
            row[f"{name}_last_used_service"] = use.service
    return row


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _time(seconds: int) -> str:
    return moment(seconds).isoformat()
