"""Where a function is invoked: one HTTP endpoint, one path, the keys to sign with."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key. Peers that check nothing get one that looks right."""

    access_key: str
    secret_key: str


ANYBODY = Credentials("test", "test")


@dataclass(frozen=True, slots=True)
class Target:
    """A function behind an endpoint on the loopback."""

    port: int
    function: str
    credentials: Credentials = ANYBODY
    region: str = "us-east-1"
    host: str = "127.0.0.1"
    qualifier: str = ""

    @property
    def path(self) -> str:
        query = f"?Qualifier={self.qualifier}" if self.qualifier else ""
        return f"/2015-03-31/functions/{self.function}/invocations{query}"

    def qualified(self, qualifier: str) -> Target:
        """A version of it."""
        return replace(self, qualifier=qualifier)

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}"
