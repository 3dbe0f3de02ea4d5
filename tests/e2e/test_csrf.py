"""No other web site can make a logged-in browser change anything: every state-changing route, every trick."""
import pytest
from harness.routes import every_route

TRICKS = {
    "no-token": ({"Content-Type": "application/json"}, '{}'),
    "wrong-token": ({"Content-Type": "application/json", "X-CSRF-Token": "A" * 43}, '{}'),
    "empty-token": ({"Content-Type": "application/json", "X-CSRF-Token": ""}, '{}'),
    "form": ({"Content-Type": "application/x-www-form-urlencoded"}, "reason=superseded"),
    "multipart": ({"Content-Type": "multipart/form-data; boundary=x"}, "--x--"),
    "text-plain": ({"Content-Type": "text/plain"}, '{"reason":"superseded"}'),
    "no-content-type": ({}, '{}'),
}


@pytest.fixture(scope="module")
def routes(world):
    return [r for r in every_route(world.anonymous()) if r.changes]


@pytest.fixture(scope="module")
def session(world):
    return world.register()


def _without_token(session, route, headers, data):
    token, session.csrf = session.csrf, None
    try:
        return session.call(route.method, route.at("ord_aaaaaaaaaaaaaaaa"), data=data, headers=headers)
    finally:
        session.csrf = token


@pytest.mark.parametrize("trick", TRICKS)
def test_requests_without_the_csrf_token_are_refused(session, routes, trick):
    headers, data = TRICKS[trick]
    for route in routes:
        if not route.public:
            answer = _without_token(session, route, headers, data)
            assert answer.status_code == 403, (route, answer.status_code, answer.text[:200])
            assert answer.json()["type"].startswith("urn:autocsr:error:auth.csrf")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:{port}", "https://127.0.0.1:{port}.evil.example",
                                    "https://127.0.0.1", "https://localhost.evil.example:{port}"])
def test_requests_with_a_foreign_origin_are_refused_even_with_the_token(world, session, routes, origin):
    origin = origin.format(port=world.service.port)
    for route in routes:
        answer = session.call(route.method, route.at("ord_aaaaaaaaaaaaaaaa"), route.body, headers={"Origin": origin})
        assert answer.status_code == 403, (route, origin, answer.status_code, answer.text[:200])


def test_own_origin_is_accepted(world, session):
    answer = session.call("PATCH", "/account", {"name": "Renamed"}, headers={"Origin": world.service.url})
    assert answer.status_code == 200


def test_bodies_that_are_not_json_are_refused_with_the_token_too(session, routes):
    for route in routes:
        if route.method != "DELETE":
            answer = session.call(route.method, route.at("ord_aaaaaaaaaaaaaaaa"), data="a=b",
                                  headers={"Content-Type": "text/plain"})
            assert answer.status_code in (403, 415), (route, answer.status_code)


def test_another_sessions_token_is_refused(world, session):
    other = world.register()
    answer = session.call("PATCH", "/account", {"name": "Stolen"}, headers={"X-CSRF-Token": other.csrf})
    assert answer.status_code == 403


def test_a_bearer_token_needs_no_csrf_token_but_a_cookie_does_not_ride_along(world, session):
    token = session.token_client()
    assert token.call("PATCH", "/account", {"name": "By token"}).status_code == 200


def test_no_cors_headers_for_others(session):
    answer = session.call("GET", "/orders", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers
