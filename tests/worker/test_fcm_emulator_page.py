"""The page shows phones and mailboxes, and runs nothing."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.emulator.page import render
from worker.emulator.phones import Call
from worker.emulator.wire import Response
from worker.mailbox import Mail

NOW = datetime(2026, 9, 21, 14, 0, tzinfo=UTC)
HANDLE = "handle-of-22-characte_"


def push(n: int = 1, *, fid: str = "phone", tag: str = "tag-1", **changes: Any) -> Call:
    message = {
        "fid": fid,
        "notification": {"title": "Care team alert", "body": "An urgent item."},
        "data": {"v": "1", "k": "u", "i": HANDLE},
        "android": {"notification": {"tag": tag}},
    }
    given = {
        "n": n,
        "at": NOW.timestamp() - 5,
        "fid": fid,
        "validate_only": False,
        "answer": "ok",
        "status": 200,
        "delivered": True,
        "violations": [],
        "message": message,
    }
    return Call(**{**given, **changes})


def letter(**changes: Any) -> Mail:
    given = {
        "n": 1,
        "at": NOW.timestamp() - 65,
        "sender": "alerts@clinic.example",
        "recipient": "bo@clinic.example",
        "headers": {"subject": "Care team alert"},
        "body": f"An urgent item.\n\nhttp://localhost:8000/a/{HANDLE}\n",
        "was_encrypted": False,
        "violations": [],
    }
    return Mail(**{**given, **changes})


def drawn(*calls: Call, mails: list[Mail] | None = None, app_url: str | None = None) -> str:
    return render(list(calls), mails or [], now=NOW, app_url=app_url).body.decode()


def test_an_empty_page_says_that_nobody_was_rung() -> None:
    html = drawn()

    assert "No phone has been rung yet." in html
    assert "No mail yet." in html


def test_each_phone_shows_its_own_notifications_with_their_age() -> None:
    html = drawn(push(1, fid="bo"), push(2, fid="cy"))

    assert html.count('class="phone"') == 2
    assert "Care team alert" in html
    assert "5 s ago, 13:59:55 UTC" in html


def test_a_re_send_replaces_the_notification_and_counts() -> None:
    html = drawn(push(1), push(2), push(3, tag="tag-2"))

    assert html.count('class="note u"') == 2
    assert "rung 2 times" in html


def test_a_push_that_did_not_arrive_is_not_shown() -> None:
    assert "No phone has been rung yet." in drawn(push(delivered=False))


@pytest.mark.parametrize(("app_url", "links"), [("http://localhost:8000", 1), (None, 0)])
def test_a_notification_opens_the_app_where_there_is_one(app_url: str | None, links: int) -> None:
    html = drawn(push(), app_url=app_url)

    assert html.count(f'<a href="http://localhost:8000/a/{HANDLE}">') == links


def test_a_mail_shows_its_subject_and_its_link_can_be_followed() -> None:
    html = drawn(mails=[letter()])

    assert "bo@clinic.example" in html
    assert f'<a href="http://localhost:8000/a/{HANDLE}">' in html


def test_what_may_not_leave_stands_out() -> None:
    html = drawn(
        push(delivered=False, violations=["data.patient"]), mails=[letter(violations=["body"])]
    )

    assert "may not leave" in html
    assert "<code>body</code>, <code>data.patient</code>" in html


def test_markup_in_anything_shown_stays_text() -> None:
    evil = "<script>alert(1)</script>"

    html = drawn(
        push(fid=evil, violations=[evil]),
        mails=[letter(recipient=evil, headers={"subject": evil}, body=evil)],
        app_url='http://localhost"><script>',
    )

    assert "<script" not in html


def policy_of(response: Response) -> str:
    return response.headers["content-security-policy"]


def test_the_page_runs_no_script_and_loads_nothing_from_outside() -> None:
    response = render([push()], [letter()], now=NOW, app_url=None)
    html = response.body.decode()

    assert policy_of(response).startswith("default-src 'none'; style-src 'sha256-")
    assert not re.search(r"<(script|link|img|iframe)|\son\w+=|style=|url\(", html)


def test_the_page_refreshes_itself() -> None:
    assert '<meta http-equiv="refresh" content="2">' in drawn()
