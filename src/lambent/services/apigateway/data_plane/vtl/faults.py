"""What can be wrong with a template, or with what it is rendered from."""

from __future__ import annotations


class TemplateFault(Exception):
    """A template that cannot be rendered. Args: why, and whether the request's body is to blame."""

    def __init__(self, why: str, is_about_body: bool = False) -> None:
        super().__init__(why, is_about_body)
        self.is_about_body = is_about_body

    def __str__(self) -> str:
        return str(self.args[0])
