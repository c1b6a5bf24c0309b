"""Scripts are played step by step, and every fault has an answer of its own."""

import msgspec
import pytest

from worker.emulator.faults import (
    ANSWERED_200,
    EVERYONE,
    Fault,
    Scripts,
    Step,
    broken_answer,
    fcm_error,
    token_error,
)

SILENT = {Fault.HANG, Fault.RESET}
REFUSED = set(Fault) - ANSWERED_200 - SILENT


def played(scripts: Scripts, target: str, times: int) -> list[str]:
    return [scripts.take(target).do for _ in range(times)]


def test_without_a_script_everything_is_accepted() -> None:
    assert played(Scripts(), "phone", 2) == ["ok", "ok"]


def test_a_step_holds_as_often_as_it_says() -> None:
    scripts = Scripts()
    scripts.put("phone", [Step(do=Fault.INTERNAL, times=2), Step(do=Fault.UNREGISTERED)])

    assert played(scripts, "phone", 4) == ["internal", "internal", "unregistered", "ok"]


def test_a_step_without_a_count_holds_until_it_is_replaced() -> None:
    scripts = Scripts()
    scripts.put("phone", [Step(do=Fault.HANG, times=None), Step(do=Fault.INTERNAL)])

    assert played(scripts, "phone", 50) == ["hang"] * 50
    scripts.put("phone", [])
    assert played(scripts, "phone", 1) == ["ok"]


def test_everyones_script_is_one_queue_for_all_phones() -> None:
    scripts = Scripts()
    scripts.put(EVERYONE, [Step(do=Fault.INTERNAL)])

    assert [scripts.take(phone).do for phone in ("one", "two")] == ["internal", "ok"]


def test_a_phones_own_script_comes_before_everyones() -> None:
    scripts = Scripts()
    scripts.put(EVERYONE, [Step(do=Fault.INTERNAL, times=None)])
    scripts.put("one", [Step(do=Fault.RESET)])

    assert played(scripts, "one", 2) == ["reset", "internal"]


def test_clearing_ends_every_script() -> None:
    scripts = Scripts()
    scripts.put("one", [Step(do=Fault.RESET, times=None)])
    scripts.clear()

    assert played(scripts, "one", 1) == ["ok"]


@pytest.mark.parametrize("fault", sorted(REFUSED))
def test_every_refusal_looks_like_fcms(fault: Fault) -> None:
    response = fcm_error(Step(do=fault))

    error = msgspec.json.decode(response.body)["error"]
    assert error["code"] == response.status
    assert error["status"].isupper()
    assert response.status >= 400


@pytest.mark.parametrize("fault", sorted(REFUSED))
def test_every_refusal_has_a_form_at_the_token_endpoint(fault: Fault) -> None:
    response = token_error(Step(do=fault))

    assert set(msgspec.json.decode(response.body)) == {"error", "error_description"}


@pytest.mark.parametrize("fault", sorted(ANSWERED_200 - {Fault.OK}))
def test_a_broken_answer_is_a_200_with_no_name_in_it(fault: Fault) -> None:
    response = broken_answer(fault)

    assert response is not None
    assert response.status == 200
    try:
        decoded = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        return
    assert not isinstance(decoded, dict)


def test_the_retry_header_is_sent_only_when_asked_for() -> None:
    assert fcm_error(Step(do=Fault.THROTTLED)).headers == {}
    assert fcm_error(Step(do=Fault.THROTTLED, retry_after="9")).headers == {"retry-after": "9"}


@pytest.mark.parametrize(
    ("step", "reaches"),
    [
        (Step(do=Fault.OK), True),
        (Step(do=Fault.GARBAGE), True),
        (Step(do=Fault.HANG), False),
        (Step(do=Fault.UNREGISTERED), False),
        (Step(do=Fault.HANG, delivers=True), True),
        (Step(do=Fault.OK, delivers=False), False),
    ],
)
def test_a_push_reaches_the_phone_after_a_200_unless_told_otherwise(
    *, step: Step, reaches: bool
) -> None:
    assert step.reaches_phone is reaches
