"""Custom domain names, held in memory for the data planes of both kinds of API, and how they come there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lambent.apis.documents import BASE_PATHS, DOMAINS, ROUTING_RULES
from lambent.apis.domain_rules import is_for_a_service
from lambent.apis.hosts import name_of
from lambent.apis.routing_rules import RoutingRule, rule_of

if TYPE_CHECKING:
    from lambent.core.context import Scope
    from lambent.core.http import Request
    from lambent.core.ports import Database, Tx

# The base path of a mapping for everything (API reference, BasePathMapping).
NO_BASE_PATH = "(none)"


# What asks rules, and what asks mappings, too.
_RULES_ALONE, _RULES_FIRST = "ROUTING_RULE_ONLY", "ROUTING_RULE_THEN_BASE_PATH_MAPPING"


class Target(NamedTuple):
    """Where a request to a custom domain goes.

    Attributes:
        base_path: which the API does not see; "" for none.
        stage: "" for the one that the rest of the path begins with.
        matched: the base path of the mapping or rule.
        rule_id: of the rule that has matched; "" for a mapping.
    """

    base_path: str
    api_id: str
    stage: str
    matched: str
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class Domain:
    """A custom domain name. `mappings` holds (base path, API, stage); the base path of the root is "", and a mapping
    whose stage is "" takes the stage from the path. `rules` are in the order of their priorities.
    """

    account_id: str
    region: str
    name: str
    mappings: tuple[tuple[str, str, str], ...] = ()
    routing_mode: str = ""
    rules: tuple[RoutingRule, ...] = ()

    def target(self, request: Request) -> Target | None:
        """By the first rule that matches, or by the mapping, as the routing mode has it."""
        if self.routing_mode in (_RULES_ALONE, _RULES_FIRST):
            for rule in self.rules:
                matched = rule.match(request.path, request.headers)
                if matched is not None:
                    stripped = matched if rule.strips_base_path else ""
                    return Target(stripped, rule.api_id, rule.stage, matched, rule.id)
            if self.routing_mode == _RULES_ALONE:
                return None
        found = self.mapping(request.path)
        return None if found is None else Target(*found, found[0])

    def mapping(self, path: str) -> tuple[str, str, str] | None:
        """The mapping with the longest base path that the path of a request begins with."""
        parts = path.removeprefix("/").split("/")
        by_base = {each[0]: each for each in self.mappings}
        for count in range(len(parts), -1, -1):
            found = by_base.get("/".join(parts[:count]))
            if found is not None:
                return found
        return None


class Domains:
    """The domain names of all accounts. `generation` moves whenever a name comes or goes."""

    def __init__(self) -> None:
        self.generation = 0
        self._by_name: dict[str, Domain] = {}

    def find(self, host: str) -> Domain | None:
        """A custom domain by host name, without port; `*.example.com` answers for one label."""
        host = host.lower()
        found = self._by_name.get(host)
        if found is None and "." in host:
            found = self._by_name.get("*." + host.split(".", 1)[1])
        return found

    def of(self, request: Request) -> Domain | None:
        """The one that a request is for. Asked for every request; most platforms have no domain names."""
        if not self._by_name:
            return None
        domain = self.find(name_of(request.host))
        return None if domain is None or is_for_a_service(request) else domain

    def put(self, domain: Domain) -> None:
        """A domain name is there, or its mappings have changed."""
        self._by_name[domain.name.lower()] = domain
        self.generation += 1

    def remove(self, name: str) -> None:
        """A domain name is gone."""
        self._by_name.pop(name.lower(), None)
        self.generation += 1

    def clear(self) -> None:
        self._by_name.clear()
        self.generation += 1

    async def load(self, database: Database) -> None:
        """Everything that is there, at the start."""

        def read(tx: Tx) -> list[Domain]:
            return [_domain(tx, row.scope, row.id) for row in DOMAINS.everywhere(tx)]

        for domain in await database.read(read):
            self.put(domain)

    def changed(self, tx: Tx, scope: Scope, name: str) -> None:
        """A transaction has changed a domain name or its mappings."""
        tx.after_commit(self.put, _domain(tx, scope, name))

    def deleted(self, tx: Tx, name: str) -> None:
        tx.after_commit(self.remove, name)


def _domain(tx: Tx, scope: Scope, name: str) -> Domain:
    mappings = tuple(
        (
            "" if each["basePath"] == NO_BASE_PATH else each["basePath"],
            each["restApiId"],
            each.get("stage", ""),
        )
        for each in BASE_PATHS.of(tx, scope, name)
    )
    rules = sorted(map(rule_of, ROUTING_RULES.of(tx, scope, name)), key=lambda rule: rule.priority)
    domain = DOMAINS.find(tx, scope, "", name) or {}
    mode = domain.get("routingMode", "")
    return Domain(scope.account_id, scope.region, name, mappings, mode, tuple(rules))
