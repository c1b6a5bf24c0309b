"""Mail over SMTP: the channel that does not pass through a push provider."""

import asyncio
import contextlib
import hashlib
import hmac
import re
import ssl
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException

from worker.channels.mail_outcome import Stage, classify, timed_out
from worker.channels.port import (
    WRONG_ADDRESS,
    Address,
    Health,
    MailAddress,
    Outcome,
    OutcomeKind,
    Page,
)
from worker.channels.relay import Encryption, Relay
from worker.channels.words import words_for

SEND_SECONDS = 8.0
"""Bound of one mail, from connecting to the relay's last answer. Source: escalation.md 7.1."""
QUIT_SECONDS = 1
MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
"""One mailbox with nothing that could name a second one or begin a second command."""
MALFORMED = Outcome(kind=OutcomeKind.INVALID_ENDPOINT, code="address.malformed")


class MailChannel:
    """Writes one mail to one mailbox. Sending never raises: the outcome says what happened."""

    name = "mail"

    def __init__(
        self,
        relay: Relay,
        *,
        sender: str,
        secret: bytes,
        send_seconds: float = SEND_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._relay = relay
        self._sender = sender
        self._domain = sender.rpartition("@")[2]
        self._secret = secret
        self._send_seconds = send_seconds
        self._tls = tls

    async def warm_up(self) -> None:
        """Load the certificates, in a thread: it takes tens of milliseconds."""
        if self._tls is None and self._relay.encryption is not Encryption.NONE:
            self._tls = await asyncio.to_thread(ssl.create_default_context)

    async def send(self, address: Address, page: Page, *, key: str) -> Outcome:
        """Send one mail once; `key` names delivery and attempt and becomes its Message-ID."""
        if not isinstance(address, MailAddress):
            return WRONG_ADDRESS
        message_id = self._message_id(key)
        content = _content(address, page, sender=self._sender, message_id=message_id)
        return await self._deliver(address, content, provider_id=message_id)

    async def check(self, address: Address) -> Health:
        """Ask the relay whether it would take mail for the address, and send none."""
        if not isinstance(address, MailAddress):
            return Health(usable=False, code=WRONG_ADDRESS.code)
        outcome = await self._deliver(address, None, provider_id=None)
        usable = {OutcomeKind.ACCEPTED: True, OutcomeKind.INVALID_ENDPOINT: False}
        return Health(usable=usable.get(outcome.kind), code=outcome.code)

    async def close(self) -> None:
        """Do nothing: every mail has a connection of its own."""

    def _message_id(self, key: str) -> str:
        mac = hmac.digest(self._secret, key.encode(), hashlib.sha256).hex()
        return f"<{mac}@{self._domain}>"

    async def _deliver(
        self, address: MailAddress, content: bytes | None, *, provider_id: str | None
    ) -> Outcome:
        if not MAILBOX.fullmatch(address.mail):
            return MALFORMED
        await self.warm_up()
        client, stage = self._client(), Stage.CONNECT
        try:
            async with asyncio.timeout(self._send_seconds):
                await client.connect()
                stage = Stage.SENDER
                await client.mail(self._sender)
                stage = Stage.RECIPIENT
                await client.rcpt(address.mail)
                if content is not None:
                    stage = Stage.DATA
                    await client.data(content)
            await _part(client)
        except TimeoutError:
            return timed_out(stage)
        except (SMTPException, OSError, ValueError) as error:
            return classify(error, stage)
        finally:
            client.close()
        return Outcome(kind=OutcomeKind.ACCEPTED, code="smtp.250", provider_id=provider_id)

    def _client(self) -> SMTP:
        relay = self._relay
        return SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.username,
            password=relay.password,
            use_tls=relay.encryption is Encryption.IMPLICIT,
            start_tls=relay.encryption is Encryption.STARTTLS,
            tls_context=self._tls,
            # Left out, the library asks the name server for our own name.
            local_hostname=self._domain,
            timeout=self._send_seconds,
        )


async def _part(client: SMTP) -> None:
    """Say goodbye; the outcome is known already, so no answer to it matters."""
    with contextlib.suppress(SMTPException, OSError):
        await client.quit(timeout=QUIT_SECONDS)


def _content(address: MailAddress, page: Page, *, sender: str, message_id: str) -> bytes:
    words = words_for(page.kind, page.language)
    mail = EmailMessage(policy=SMTP_POLICY)
    if MAILBOX.fullmatch(address.mail):
        mail["To"] = address.mail
    mail["From"] = sender
    mail["Subject"] = words.title
    mail["Date"] = formatdate(page.sent_at)
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{words.body}\n\n{page.link}\n")
    return mail.as_bytes()
