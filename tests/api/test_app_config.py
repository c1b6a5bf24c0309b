"""What the app reads before anybody signs in, and whether the process is well."""

from collections.abc import Mapping

import msgspec
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from api.app_config import AppConfig, app_config_for, app_config_route, is_known
from api.crisis import LINES
from api.health import get_liveness, readiness_route
from clinical.instruments import registry
from tests.api.kit import application, captured_log, client_of, problem_in


@pytest.fixture(scope="module")
def app() -> Litestar:
    return application(app_config_route(registry()), get_liveness)


async def test_anybody_may_read_it(app: Litestar) -> None:
    async with client_of(app) as client:
        answer = await client.get("/v1/app-config")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert msgspec.json.decode(answer.content, type=AppConfig) == app_config_for(registry())


async def test_it_may_be_kept_for_a_while(app: Litestar) -> None:
    async with client_of(app) as client:
        answer = await client.get("/v1/app-config")

    assert answer.headers.get_list("cache-control") == ["public, max-age=300"]


async def test_what_is_known_is_not_sent_again(app: Litestar) -> None:
    async with client_of(app) as client:
        first = await client.get("/v1/app-config")
        again = await client.get("/v1/app-config", headers={"if-none-match": first.headers["etag"]})
        other = await client.get("/v1/app-config", headers={"if-none-match": '"older"'})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert other.status_code == 200


async def test_two_processes_give_the_same_tag() -> None:
    tags: set[str] = set()
    for _ in range(2):
        async with client_of(application(app_config_route(registry()))) as client:
            tags.add((await client.get("/v1/app-config")).headers["etag"])

    assert len(tags) == 1


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ('"b",W/"a"', True),
        ("*", True),
        ("", False),
        ('"b"', False),
        ("a", False),
    ],
)
def test_tags_are_compared_weakly(*, header: str, known: bool) -> None:
    assert is_known(header, '"a"') is known


def test_every_crisis_line_is_there_for_offline_use() -> None:
    config = app_config_for(registry())

    assert len(config.crisis) == sum(len(lines) for lines in LINES.values())


def test_every_item_set_is_there_with_its_languages() -> None:
    known = registry()
    sets = {item_set.form: item_set.languages for item_set in app_config_for(known).item_sets}

    assert sets.keys() == known.forms.keys()
    assert sets["phq9@1"] == ["en", "es"]
    assert set(app_config_for(known).daily_form_for.values()) <= sets.keys()


async def test_what_does_not_exist_is_left_out(app: Litestar) -> None:
    async with client_of(app) as client:
        answer = await client.get("/v1/app-config")

    assert b"null" not in answer.content


async def test_a_process_that_answers_lives(app: Litestar) -> None:
    async with client_of(app) as client:
        answer = await client.get("/health/live")

    assert answer.json() == {"status": "ok"}


def ready_when(**there: bool) -> HTTPRouteHandler:
    async def check() -> Mapping[str, bool]:
        return there

    return readiness_route(check)


async def test_a_process_is_ready_when_all_it_needs_is_there() -> None:
    async with client_of(application(ready_when(database=True, lexicon=True))) as client:
        answer = await client.get("/health/ready")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_what_is_missing_is_said_to_the_operator_only() -> None:
    with captured_log() as lines:
        async with client_of(application(ready_when(database=False, lexicon=True))) as client:
            answer = await client.get("/health/ready")

    assert (answer.status_code, problem_in(answer)) == (503, "unavailable")
    assert "database" not in answer.text
    [told] = [line for line in lines() if line["event"] == "health.not_ready"]
    assert told["reason"] == ["database"]


async def test_a_check_that_cannot_reach_the_database_is_not_ready() -> None:
    async def check() -> Mapping[str, bool]:
        raise ConnectionRefusedError

    with captured_log():
        async with client_of(application(readiness_route(check))) as client:
            answer = await client.get("/health/ready")

    assert problem_in(answer) == "unavailable"
