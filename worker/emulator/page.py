"""The emulator's one page: each phone's lock screen and each mailbox, without a script."""

import base64
import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

from worker.emulator.phones import Call
from worker.emulator.wire import Response
from worker.mailbox import Mail

REFRESH_SECONDS = 2
SHOWN = 12
LINK = re.compile(r"https?://[a-z0-9.:-]+/a/[A-Za-z0-9_-]{22}")

STYLE = """
:root{color-scheme:light dark;--ink:#16202c;--dim:#5c6b7a;--paper:#f3f5f8;--card:#fff;
--line:#dde3ea;--urgent:#c8372d;--calm:#2f6fb5;--phone:#101820}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf3;--dim:#94a3b3;--paper:#0e141b;
--card:#18212b;--line:#2a3643;--urgent:#ff7a6e;--calm:#78b4f5;--phone:#05080b}}
*{box-sizing:border-box}
body{margin:0;padding:2rem clamp(1rem,4vw,3rem);background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
header{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;align-items:baseline;margin-bottom:1.5rem}
h1{font-size:1.35rem;margin:0}h2{font-size:1rem;margin:2rem 0 .75rem}
p{margin:0}.dim{color:var(--dim);font-size:.85rem}
.row{display:flex;flex-wrap:wrap;gap:1.5rem;align-items:flex-start}
.phone{width:19rem;padding:.9rem;border-radius:2rem;background:var(--phone);color:#e8edf3}
.phone h3{margin:.2rem .5rem .8rem;font-size:.8rem;font-weight:500;overflow-wrap:anywhere;
color:#94a3b3}
.note,.mail{background:var(--card);color:var(--ink);border-radius:1rem;padding:.7rem .9rem;
border-left:.3rem solid var(--calm);margin-top:.6rem}
.u{border-left-color:var(--urgent)}.mail{width:24rem;max-width:100%;margin:0;
overflow-wrap:anywhere;border:1px solid var(--line)}
.bad{border:2px solid var(--urgent);border-radius:1rem;padding:1rem;margin-bottom:1.5rem}
b{display:block}a{color:var(--calm)}code{font-size:.85em}
"""
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def render(calls: list[Call], mails: list[Mail], *, now: datetime, app_url: str | None) -> Response:
    """Draw every phone and mailbox as they are now."""
    phones = _phones(calls, now, app_url)
    letters = "".join(_mail(mail, now) for mail in reversed(mails[-SHOWN:]))
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">'
        '<meta name="viewport" content="width=device-width"><title>Afterglow phones</title>'
        f"<style>{STYLE}</style></head><body>"
        "<header><h1>Phones and mailboxes</h1>"
        '<p class="dim">What the push service and the mail relay of this demo received. '
        "Nothing here leaves this machine.</p></header>"
        f"{_violations(calls, mails)}"
        f"<h2>Phones</h2><div class=row>{phones or _nothing('No phone has been rung yet.')}</div>"
        f"<h2>Mail</h2><div class=row>{letters or _nothing('No mail yet.')}</div>"
        "</body></html>"
    )
    return Response(
        body=html.encode(),
        content_type="text/html; charset=utf-8",
        headers={"content-security-policy": POLICY, "referrer-policy": "no-referrer"},
    )


def _phones(calls: Iterable[Call], now: datetime, app_url: str | None) -> str:
    by_phone: dict[str, dict[str, list[Call]]] = {}
    for call in calls:
        if call.delivered:
            by_phone.setdefault(call.fid, {}).setdefault(_tag(call), []).append(call)
    return "".join(
        f'<section class="phone"><h3>{escape(fid)}</h3>{_screen(tags, now, app_url)}</section>'
        for fid, tags in sorted(by_phone.items())
    )


def _screen(tags: dict[str, list[Call]], now: datetime, app_url: str | None) -> str:
    latest = sorted(tags.values(), key=lambda same: same[-1].n, reverse=True)
    return "".join(_notification(same, now, app_url) for same in latest[:SHOWN])


def _notification(same: list[Call], now: datetime, app_url: str | None) -> str:
    call = same[-1]
    words, data = call.message.get("notification", {}), call.message.get("data", {})
    again = f" · rung {len(same)} times" if len(same) > 1 else ""
    handle = str(data.get("i", ""))
    link = f'<a href="{escape(app_url or "")}/a/{escape(handle)}">Open the app</a>'
    opens = link if app_url and handle else ""
    return (
        f'<div class="note {escape(str(data.get("k", "")))}"><b>{escape(str(words["title"]))}</b>'
        f"{escape(str(words['body']))}<p class=dim>{_age(call.at, now)}{again} {opens}</p></div>"
    )


def _mail(mail: Mail, now: datetime) -> str:
    body = LINK.sub(lambda m: f'<a href="{m[0]}">{m[0]}</a>', escape(mail.body))
    return (
        f'<section class="mail"><p class=dim>{escape(mail.recipient)} · {_age(mail.at, now)}</p>'
        f"<b>{escape(mail.headers.get('subject', ''))}</b>{body}</section>"
    )


def _violations(calls: list[Call], mails: list[Mail]) -> str:
    lists = [*(c.violations for c in calls), *(m.violations for m in mails)]
    found = sorted({name for names in lists for name in names})
    if not found:
        return ""
    names = ", ".join(f"<code>{escape(v)}</code>" for v in found)
    return f'<div class="bad"><b>Something left that may not leave</b>{names}</div>'


def _nothing(words: str) -> str:
    return f'<p class="dim">{escape(words)}</p>'


def _tag(call: Call) -> str:
    """Return the collapse tag: a phone shows one notification per tag."""
    message = call.message
    android = message.get("android", {}).get("notification", {}).get("tag")
    ios = message.get("apns", {}).get("headers", {}).get("apns-collapse-id")
    web = message.get("webpush", {}).get("headers", {}).get("Topic")
    return str(android or ios or web or call.n)


def _age(at: float, now: datetime) -> str:
    then = datetime.fromtimestamp(at, UTC)
    return f"{max(0, round((now - then).total_seconds()))} s ago, {then:%H:%M:%S} UTC"
