"""One app of the Firebase SDK, bound to one event loop, with its traps disarmed."""

import asyncio
import contextlib
import importlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from worker.channels.fcm_message import message_for
from worker.channels.fcm_outcome import GARBAGE, classify
from worker.channels.fcm_token import TokenKeeper, fetcher, in_thread
from worker.channels.port import Outcome, OutcomeKind, Page, PushAddress

Account = Path | Mapping[str, Any]
"""A service account: the file Firebase's console gives, or what stands in it."""
SLOTS = 32
"""More than both lanes of the dispatcher together: a last bound, not a queue."""
REFRESH_CHECK_SECONDS = 30
LATE_IMPORTS = ("anyio.to_thread", "anyio._backends._asyncio", "sniffio")
"""What the HTTP client would import during the first send, stalling the loop for 40 ms."""

NO_SDK = Outcome(kind=OutcomeKind.CONFIG, code="sdk.missing")
BAD_CREDENTIALS = Outcome(kind=OutcomeKind.CONFIG, code="credentials.unreadable")
UNFIT = Outcome(kind=OutcomeKind.PERMANENT, code="message.unfit")

_names = itertools.count(1)


class NoSessionError(Exception):
    """The SDK could not be set up; the outcome says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


@dataclass(slots=True)
class Session:
    """An app, its service, its token; used on the loop that opened it and nowhere else."""

    app: Any
    service: Any
    keeper: TokenKeeper
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SLOTS))
    ticker: asyncio.Task[None] | None = None

    async def post(
        self, address: PushAddress, page: Page, *, dry_run: bool, critical_alerts: bool
    ) -> Outcome:
        """Send one message in a call of its own: one bad answer spoils a whole batch."""
        exceptions: Any = importlib.import_module("firebase_admin.exceptions")
        messaging: Any = importlib.import_module("firebase_admin.messaging")
        try:
            message = message_for(address, page, critical_alerts=critical_alerts)
            batch = await messaging.send_each_async([message], dry_run=dry_run, app=self.app)
        except exceptions.FirebaseError as error:
            return classify(error)
        except (TypeError, ValueError):
            return UNFIT
        answer = batch.responses[0]
        if answer.exception is not None:
            return classify(answer.exception)
        if not isinstance(answer.message_id, str):
            return GARBAGE
        return Outcome(kind=OutcomeKind.ACCEPTED, code="ok", provider_id=answer.message_id)

    async def close(self) -> None:
        """Close the connections on this loop, then delete the app in a thread."""
        if self.ticker:
            self.ticker.cancel()
            await asyncio.wait([self.ticker])
        await self.keeper.close()
        # Left to delete_app, the client would be closed by another loop and leak.
        await self.service._async_client.aclose()  # noqa: SLF001 # the SDK has no public close
        firebase_admin: Any = importlib.import_module("firebase_admin")
        await in_thread(lambda: firebase_admin.delete_app(self.app))


async def open_session(
    account: Account,
    *,
    base_url: str | None,
    http_seconds: float,
    clock: Callable[[], float],
) -> Session:
    """Set the SDK up for the running loop, or raise NoSessionError."""
    try:
        session = await in_thread(
            lambda: _build(account, base_url=base_url, http_seconds=http_seconds, clock=clock)
        )
    except ImportError:
        raise NoSessionError(NO_SDK) from None
    except (OSError, ValueError, TypeError, KeyError):
        raise NoSessionError(BAD_CREDENTIALS) from None
    session.ticker = asyncio.get_running_loop().create_task(_tick(session.keeper))
    return session


def _build(
    account: Account, *, base_url: str | None, http_seconds: float, clock: Callable[[], float]
) -> Session:
    """Build the app, in a thread: importing takes seconds, certificates tens of ms."""
    info = _read(account)
    firebase_admin: Any = importlib.import_module("firebase_admin")
    messaging: Any = importlib.import_module("firebase_admin.messaging")
    client: Any = importlib.import_module("firebase_admin._http_client")
    google: Any = importlib.import_module("google.auth.credentials")
    for name in LATE_IMPORTS:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    # The SDK would turn one attempt into five requests, without jitter.
    client.DEFAULT_HTTPX_RETRY_CONFIG.retries_left = 0
    google.Credentials.register(TokenKeeper)
    keeper = TokenKeeper(fetcher(info), clock=clock)
    options = {"projectId": info["project_id"], "httpTimeout": http_seconds}
    app = firebase_admin.initialize_app(keeper, options, name=f"afterglow-{next(_names)}")
    service = messaging._get_messaging_service(app)  # noqa: SLF001 # built here, off the loop
    if base_url is not None:
        path = f"/v1/projects/{info['project_id']}/messages:send"
        service._fcm_url = base_url.rstrip("/") + path  # noqa: SLF001 # the SDK has no option for it
    return Session(app, service, keeper)


def _read(account: Account) -> Mapping[str, Any]:
    if isinstance(account, Path):
        return msgspec.json.decode(account.read_bytes(), type=dict[str, Any])
    return account


async def _tick(keeper: TokenKeeper) -> None:
    while True:
        await asyncio.sleep(REFRESH_CHECK_SECONDS)
        keeper.refresh_if_due()
