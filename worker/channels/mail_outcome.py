"""What an answer of a mail relay means for one delivery."""

import ssl
from enum import IntEnum

from aiosmtplib import errors

from worker.channels.port import Outcome, OutcomeKind

DEAD_MAILBOX = frozenset({550, 551, 553})
"""On the recipient only: no such mailbox, moved away, name not allowed."""
REFUSED_LOGIN = frozenset({530, 534, 535, 538})
"""Authentication needed, mechanism too weak, credentials wrong, encryption needed."""
LATER = range(400, 500)


class Stage(IntEnum):
    """How far a mail had come when something went wrong."""

    CONNECT = 0
    SENDER = 1
    RECIPIENT = 2
    DATA = 3


def classify(error: errors.SMTPException | OSError | ValueError, stage: Stage) -> Outcome:
    """Turn an error into an outcome, by its code, then its class and the stage."""
    if isinstance(error, errors.SMTPResponseException):
        return _by_code(error.code, stage)
    if _is_about_trust(error):
        return Outcome(kind=OutcomeKind.CONFIG, code="tls.refused")
    if isinstance(error, TimeoutError):
        return timed_out(stage)
    if isinstance(error, OSError):
        # The relay may have taken the mail before it went.
        if stage is Stage.DATA:
            return Outcome(kind=OutcomeKind.UNKNOWN, code="connection.lost")
        return Outcome(kind=OutcomeKind.TRANSIENT, code="connect")
    # No STARTTLS, no way to log in: nothing the next attempt would find otherwise.
    return Outcome(kind=OutcomeKind.CONFIG, code="relay.unfit")


def timed_out(stage: Stage) -> Outcome:
    """Return what silence means: after DATA the mail may be on its way."""
    kind = OutcomeKind.UNKNOWN if stage is Stage.DATA else OutcomeKind.TRANSIENT
    return Outcome(kind=kind, code="timeout")


def _by_code(code: int, stage: Stage) -> Outcome:
    kind = OutcomeKind.PERMANENT
    if code in LATER:
        kind = OutcomeKind.TRANSIENT
    elif code in REFUSED_LOGIN or stage is Stage.CONNECT:
        kind = OutcomeKind.CONFIG
    elif code in DEAD_MAILBOX and stage is Stage.RECIPIENT:
        kind = OutcomeKind.INVALID_ENDPOINT
    return Outcome(kind=kind, code=f"smtp.{code}")


def _is_about_trust(error: BaseException) -> bool:
    return any(isinstance(e, ssl.SSLError) for e in (error, error.__cause__))
