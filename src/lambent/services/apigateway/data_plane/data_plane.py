"""The data plane of REST APIs, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.apis.http_client import HttpClient
from lambent.apis.keys_of_issuers import KeysOfIssuers
from lambent.apis.token_buckets import TokenBuckets
from lambent.services.apigateway.data_plane.answer_cache import CachedIntegrations
from lambent.services.apigateway.data_plane.authorization import Authorization
from lambent.services.apigateway.data_plane.cognito_authorizers import CognitoAuthorizers
from lambent.services.apigateway.data_plane.compression import Decompression
from lambent.services.apigateway.data_plane.door import RestApiDoor
from lambent.services.apigateway.data_plane.http_integrations import HttpIntegrations
from lambent.services.apigateway.data_plane.integrations import Integrations
from lambent.services.apigateway.data_plane.keys import Keys, StageThrottle
from lambent.services.apigateway.data_plane.lambda_authorizers import LambdaAuthorizers
from lambent.services.apigateway.data_plane.policies import ApiPolicies
from lambent.services.apigateway.data_plane.records import Arrival, Records
from lambent.services.apigateway.data_plane.serving import Serving
from lambent.services.apigateway.data_plane.templates import Templates
from lambent.services.apigateway.data_plane.trials import Trials
from lambent.services.apigateway.data_plane.validation import Validation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jwt import PyJWKSet

    from lambent.apis.ports import Logs, Meter
    from lambent.core.clock import Clock
    from lambent.core.ports import Authority, Functions, ResourceFacts, Signatures
    from lambent.services.apigateway.data_plane.templates import Compute
    from lambent.services.apigateway.stages_in_memory import Stages
    from lambent.services.apigateway.usage_counts import UsageCounts


class RestDataPlane:
    """Answers requests to what is deployed.

    Args:
        compute: for templates and models; of its own, so that no deploy is waited for.
        usage: what API keys have used.
        issuers: the keys of issuers of tokens that the platform's file has; those of others are fetched.
        closed_networks: where HTTP integrations may not connect to.

    Attributes:
        authorizers: with what they have said lately.
        trials: TestInvokeMethod and TestInvokeAuthorizer.
        resource_facts: the policies of APIs, for whoever decides about signed callers.
    """

    def __init__(
        self,
        *,
        stages: Stages,
        functions: Functions,
        signatures: Signatures,
        authority: Authority,
        compute: Compute,
        clock: Clock,
        usage: UsageCounts,
        issuers: Callable[[], Mapping[str, PyJWKSet]],
        logs: Logs | None = None,
        meter: Meter | None = None,
        closed_networks: Sequence[str] = (),
    ) -> None:
        self._http = HttpClient(closed_networks)
        templates = Templates(compute)
        http = HttpIntegrations(self._http, templates, clock)
        integrations = Integrations(functions, templates, http, clock)
        records = Records(clock, logs, meter)
        buckets = TokenBuckets(clock)
        self.authorizers = LambdaAuthorizers(functions, clock)
        pools = CognitoAuthorizers(KeysOfIssuers(self._http, clock, issuers), clock)
        self.resource_facts: ResourceFacts = ApiPolicies(stages)
        guards = (
            Authorization(signatures, authority, self.authorizers, pools, clock),
            Keys(stages, buckets, usage),
            StageThrottle(buckets),
            Decompression(),
        )
        last = (Arrival(), Validation(compute))
        cached = CachedIntegrations(integrations, stages, signatures, authority, clock)
        serving = Serving((*guards, *last), cached)
        self.trials = Trials(Serving(last, integrations), self.authorizers, pools, clock)
        self.door = RestApiDoor(stages, serving, records, clock)

    async def close(self) -> None:
        """Let go of the connections to backends."""
        await self._http.close()
