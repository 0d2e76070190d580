"""The routing tree."""

from __future__ import annotations

import pytest

from lambent.services.apigateway.data_plane.routing import Routes


@pytest.fixture
def routes() -> Routes[str]:
    found: Routes[str] = Routes()
    for path, methods in {
        "/": {"GET": "root"},
        "/pets": {"GET": "pets", "ANY": "any pets"},
        "/pets/{id}": {"GET": "pet"},
        "/pets/{id}/toys": {"GET": "toys"},
        "/pets/best": {"GET": "best"},
        "/files/{rest+}": {"ANY": "files"},
        "/files/{name}/meta": {"GET": "meta"},
        "/empty": {},
    }.items():
        found.add(path, methods)
    return found


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", ("root", {})),
        ("GET", "", ("root", {})),
        ("GET", "/pets", ("pets", {})),
        ("POST", "/pets/", ("any pets", {})),
        ("GET", "/pets/7", ("pet", {"id": "7"})),
        ("GET", "/pets/a%2Fb", ("pet", {"id": "a%2Fb"})),
        ("GET", "/pets/best", ("best", {})),
        ("GET", "/pets/b%65st", ("best", {})),
        ("GET", "/pets/best/toys", ("toys", {"id": "best"})),
        ("GET", "/files/a", ("files", {"rest": "a"})),
        ("GET", "/files/a/b%20c", ("files", {"rest": "a/b%20c"})),
        ("GET", "/files/a/meta", ("meta", {"name": "a"})),
        ("GET", "/files/a/meta/more", ("files", {"rest": "a/meta/more"})),
        ("POST", "/pets/best", None),
        ("PATCH", "/pets", ("any pets", {})),
        ("TRACE", "/pets", None),
        ("PROPFIND", "/files/a", None),
        ("GET", "/files", None),
        ("GET", "/empty", None),
        ("GET", "/none", None),
        ("GET", "/pets//toys", None),
    ],
)
def test_routes(
    routes: Routes[str], method: str, path: str, expected: tuple[str, dict[str, str]] | None
) -> None:
    assert routes.find(method, path) == expected


def test_a_deep_tree_of_parameters_is_searched_once() -> None:
    routes: Routes[str] = Routes()
    for depth in range(1, 60):
        routes.add("/{a}" * depth, {"GET": str(depth)})
        routes.add("/a" * depth, {})

    assert routes.find("GET", "/a" * 59 + "/x") is None
