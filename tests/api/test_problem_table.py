"""Every refusal in one table: what a client matches on may not change by accident."""

import json

import pytest

from api import errors
from api.problem import CLOSE, MEDIA_TYPE, MESSAGES, Code, FieldError, Problem, Retry

NEVER, LATER, EDIT = Retry.NEVER, Retry.LATER, Retry.EDIT
TABLE: list[tuple[str, int, Retry, str]] = [
    ("bad-request", 400, NEVER, "The request is not valid here"),
    ("malformed-json", 400, NEVER, "The body is not valid JSON"),
    ("invalid-host", 400, NEVER, "The Host header does not name this service"),
    ("unauthenticated", 401, LATER, "Valid credentials are needed"),
    ("session-expired", 401, LATER, "The session has expired"),
    ("session-revoked", 401, NEVER, "The session was ended"),
    ("invalid-login", 401, EDIT, "The login was not accepted"),
    ("invalid-code", 401, EDIT, "The enrolment code was not accepted"),
    ("invalid-proof", 401, LATER, "The device proof was not accepted"),
    ("invalid-signature", 401, NEVER, "The signature was not accepted"),
    ("attestation-failed", 401, LATER, "The app could not be attested"),
    ("forbidden", 403, NEVER, "This is not allowed for the signed-in person"),
    ("csrf", 403, NEVER, "The request does not come from the console"),
    ("forbidden-origin", 403, NEVER, "The request comes from a foreign origin"),
    ("consent-missing", 403, NEVER, "There is no consent on record for this"),
    ("step-up-required", 403, LATER, "A fresh proof of identity is needed"),
    ("care-relationship-required", 403, NEVER, "There is no care relationship with this patient"),
    ("break-glass-limit", 403, LATER, "Emergency access was used as often as it may be today"),
    ("not-found", 404, NEVER, "There is nothing here"),
    ("method-not-allowed", 405, NEVER, "The method is not defined here"),
    ("request-timeout", 408, LATER, "The request did not arrive in time"),
    ("id-conflict", 409, NEVER, "Something else is stored under this id"),
    ("already-acked", 409, NEVER, "Somebody else has acknowledged this alert"),
    ("already-resolved", 409, NEVER, "This alert is resolved"),
    ("too-many-devices", 409, EDIT, "There are as many devices as there may be"),
    ("last-channel", 409, NEVER, "It is the last way to reach a person on call"),
    ("last-admin", 409, NEVER, "It is the last administrator"),
    ("legal-hold", 409, NEVER, "A legal hold keeps these records"),
    ("alert-open", 409, LATER, "It waits until the open alert is resolved"),
    ("session-live", 409, LATER, "The session is live: entries are sent the usual way"),
    ("gone", 410, NEVER, "It was here and is no more"),
    ("resync-required", 410, NEVER, "The cursor no longer fits: start again without one"),
    ("version-conflict", 412, EDIT, "There is a newer version"),
    ("too-large", 413, NEVER, "The body is too large"),
    ("too-many-items", 413, EDIT, "There are too many items in one batch"),
    ("uri-too-long", 414, NEVER, "The address is too long"),
    ("unsupported-media-type", 415, NEVER, "The body must be application/json"),
    ("unsupported-encoding", 415, NEVER, "The body must not be compressed"),
    ("invalid-query", 422, EDIT, "A value is not valid"),
    ("invalid-entry", 422, EDIT, "The entry is not valid"),
    ("invalid-time", 422, EDIT, "A time, date or zone is not valid"),
    ("invalid-cursor", 422, NEVER, "The cursor is not valid"),
    ("invalid-token", 422, NEVER, "The push token is not valid"),
    ("invalid-snooze", 422, EDIT, "This alert cannot be put off so"),
    ("unknown-field", 422, NEVER, "A member is not part of the contract"),
    ("unknown-reference", 422, EDIT, "It refers to something that is not there"),
    ("note-too-long", 422, EDIT, "The note is too long"),
    ("outcome-required", 422, EDIT, "An outcome and a note are needed"),
    ("reason-required", 422, EDIT, "A reason is needed"),
    ("webhook-not-allowed", 422, EDIT, "This webhook address is not allowed"),
    ("precondition-required", 428, EDIT, "If-Match is needed"),
    ("rate-limited", 429, LATER, "There were too many requests"),
    ("too-many-streams", 429, LATER, "There are too many open streams"),
    ("headers-too-large", 431, NEVER, "The headers are too large"),
    ("internal", 500, LATER, "Something went wrong here"),
    ("unavailable", 503, LATER, "The service cannot do this right now"),
]
IDS = [slug for slug, *_ in TABLE]

SECURITY: list[tuple[str, int, str]] = [
    ("E1", 401, "unauthenticated"),
    ("E2", 400, "malformed-json"),
    ("E11", 422, "invalid-entry"),
    ("E13", 422, "unknown-field"),
    ("E16", 409, "id-conflict"),
    ("E18", 422, "note-too-long"),
    ("E19", 413, "too-large"),
    ("E21", 415, "unsupported-media-type"),
    ("E22", 415, "unsupported-encoding"),
    ("E23", 422, "invalid-time"),
    ("E26", 422, "unknown-reference"),
    ("E31", 404, "not-found"),
    ("E32", 414, "uri-too-long"),
    ("E33 without", 428, "precondition-required"),
    ("E33 stale", 412, "version-conflict"),
    ("E36", 422, "invalid-query"),
    ("E37", 422, "invalid-cursor"),
    ("E38", 429, "rate-limited"),
    ("E39", 503, "unavailable"),
    ("E42", 405, "method-not-allowed"),
    ("E44", 403, "consent-missing"),
    ("S2", 413, "too-many-items"),
    ("S10", 410, "resync-required"),
    ("A1", 401, "invalid-code"),
    ("A6", 401, "invalid-proof"),
    ("A9", 401, "session-revoked"),
    ("A11", 401, "session-expired"),
    ("A18", 401, "invalid-login"),
    ("A24", 403, "csrf"),
    ("D1", 422, "invalid-token"),
    ("D3", 409, "too-many-devices"),
    ("D8", 409, "last-channel"),
    ("D9", 401, "attestation-failed"),
    ("F2", 409, "already-acked"),
    ("F3", 403, "forbidden"),
    ("F4", 422, "outcome-required"),
    ("F5", 422, "invalid-snooze"),
    ("F6", 403, "care-relationship-required"),
    ("F7 no reason", 422, "reason-required"),
    ("F7 fourth", 403, "break-glass-limit"),
    ("F10", 422, "webhook-not-allowed"),
    ("F12", 401, "invalid-signature"),
    ("X1", 403, "step-up-required"),
    ("X5", 410, "gone"),
]
"""Row, status and slug as security.md section 8 has them; a slug stands with its first row."""

WORDING: dict[Code, str] = {
    Code.DUPLICATE: "Given more than once.",
    Code.INVALID: "Not a valid value here.",
    Code.INVALID_ID: "Must be a UUID other than the nil UUID.",
    Code.INVALID_TIME: "Must be a plausible time with an offset, or a plausible date.",
    Code.MISSING: "Required.",
    Code.OUT_OF_RANGE: "Outside the allowed range.",
    Code.TOO_COMMON: "Too easily guessed.",
    Code.TOO_LONG: "Too long.",
    Code.TOO_SHORT: "Too short.",
    Code.UNKNOWN_FIELD: "A member here is not part of the contract.",
    Code.UNKNOWN_VALUE: "Not one of the allowed values.",
    Code.WRONG_FORMAT: "Not in the required form.",
    Code.WRONG_TYPE: "Not of the required type.",
}


@pytest.mark.parametrize(("slug", "status", "retry", "title"), TABLE, ids=IDS)
def test_a_refusal_is_sent_as_the_table_has_it(
    slug: str, status: int, retry: Retry, title: str
) -> None:
    sent = json.loads(Problem.known[slug]().body("request-1"))

    assert sent == {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "instance": "request-1",
        "retry": retry.value,
        "errors": [],
    }


def test_no_refusal_is_missing_from_the_table_and_none_is_there_twice() -> None:
    assert sorted(IDS) == sorted(Problem.known)


def test_two_refusals_never_read_alike() -> None:
    titles = [title for *_, title in TABLE]

    assert len(set(titles)) == len(titles)


def test_every_refusal_is_a_class_of_the_module_of_refusals() -> None:
    assert all(getattr(errors, kind.__name__) is kind for kind in Problem.known.values())


@pytest.mark.parametrize(("row", "status", "slug"), SECURITY, ids=[row for row, *_ in SECURITY])
def test_a_row_of_the_acceptance_table_has_its_slug_under_its_status(
    row: str, status: int, slug: str
) -> None:
    assert Problem.known[slug].status == status, row


def test_only_what_time_or_a_new_sign_in_mends_is_sent_again_unchanged() -> None:
    later = {slug for slug, _, retry, _ in TABLE if retry is LATER}

    assert later == {
        "unauthenticated", "session-expired", "invalid-proof", "attestation-failed",
        "step-up-required", "break-glass-limit", "request-timeout", "alert-open", "session-live",
        "rate-limited", "too-many-streams", "internal", "unavailable",
    }  # fmt: skip


def test_a_fault_of_ours_never_makes_the_app_give_up() -> None:
    assert {retry for _, status, retry, _ in TABLE if status >= 500} == {LATER}


def test_what_exists_elsewhere_is_told_apart_by_nothing() -> None:
    first, second = errors.NotFound().body("r"), errors.NotFound().body("r")

    assert first == second
    assert json.loads(first)["errors"] == []


@pytest.mark.parametrize("code", Code)
def test_a_code_has_its_fixed_message(code: Code) -> None:
    sent = json.loads(errors.InvalidQuery(FieldError("/x", code)).body(""))["errors"]

    assert sent == [{"pointer": "/x", "code": code.value, "message": WORDING[code]}]


@pytest.mark.parametrize("code", Code)
def test_a_message_has_no_place_for_a_value(code: Code) -> None:
    assert not set(MESSAGES[code]) & set("{}%<>\"'")
    assert MESSAGES[code].endswith(".")


def test_faults_are_told_in_the_order_they_were_found() -> None:
    faults = [FieldError(f"/side_effects/{n}/id", Code.UNKNOWN_VALUE) for n in (3, 1, 2)]
    sent = json.loads(errors.InvalidEntry(*faults).body(""))["errors"]

    assert [fault["pointer"] for fault in sent] == [
        "/side_effects/3/id",
        "/side_effects/1/id",
        "/side_effects/2/id",
    ]


@pytest.mark.parametrize("slug", [slug for slug, status, *_ in TABLE if status != 401])
def test_only_a_401_asks_for_a_bearer(slug: str) -> None:
    assert "WWW-Authenticate" not in Problem.known[slug]().headers


def test_a_time_to_come_back_may_be_at_once() -> None:
    assert errors.Unavailable(retry_after=0).headers == {"Retry-After": "0"}


def test_headers_of_one_refusal_do_not_get_into_the_next() -> None:
    shared = dict(CLOSE)
    first = errors.TooLarge(headers=shared, retry_after=5)

    assert first.headers == {"Connection": "close", "Retry-After": "5"}
    assert shared == {"Connection": "close"}
    assert errors.TooLarge().headers == {}


def test_members_of_one_refusal_do_not_get_into_the_next() -> None:
    given: dict[str, object] = {"by": "Bo"}
    problem = errors.AlreadyAcked(members=given)
    given["by"] = "Cy"

    assert json.loads(problem.body(""))["by"] == "Bo"
    assert "by" not in json.loads(errors.AlreadyAcked().body(""))


def test_a_refusal_is_not_quarantined_before_it_was() -> None:
    assert errors.InvalidEntry(salvage=b"words").quarantined is False


def test_a_refusal_is_a_problem_in_utf_8() -> None:
    assert MEDIA_TYPE == "application/problem+json; charset=utf-8"
    assert b"caf\xc3\xa9" in errors.Gone(members={"place": "café"}).body("")


def test_a_refusal_without_a_docstring_is_no_class() -> None:
    with pytest.raises(TypeError, match="no-words"):
        type("NoWords", (Problem,), {"__doc__": None}, status=400)

    assert "no-words" not in Problem.known
