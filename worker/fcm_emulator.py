"""The loopback FCM with a mailbox beside it: `python -m worker.fcm_emulator`."""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import click
import msgspec

from worker.emulator.account import service_account
from worker.emulator.app import Emulator, loopback_mailbox
from worker.emulator.faults import Fault, Step
from worker.mailbox import Mailbox

__all__ = ["Emulator", "Fault", "Mailbox", "Step", "loopback_mailbox", "service_account"]

PORT = 8085
SMTP_PORT = 8025


@click.command(help=__doc__)
@click.option("--port", default=PORT, show_default=True, help="0 takes a free one.")
@click.option("--smtp-port", default=SMTP_PORT, show_default=True, help="0 takes a free one.")
@click.option(
    "--mail-log",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that gets each mail as a JSON file.",
)
@click.option(
    "--credentials",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a service account for this emulator here.",
)
@click.option("--app-url", help="Origin that the page's links open, for example the console's.")
def main(
    port: int,
    smtp_port: int,
    mail_log: Path | None,
    credentials: Path | None,
    app_url: str | None,
) -> None:
    """Run until told to stop."""
    if mail_log is not None:
        mail_log.mkdir(parents=True, exist_ok=True)
    asyncio.run(
        run(
            port=port,
            smtp_port=smtp_port,
            mail_log=mail_log,
            credentials=credentials,
            app_url=app_url,
        )
    )


async def run(
    *,
    port: int,
    smtp_port: int,
    mail_log: Path | None = None,
    credentials: Path | None = None,
    app_url: str | None = None,
) -> None:
    """Serve FCM, tokens, mail and the page; print one line of JSON with the addresses."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with AsyncExitStack() as open_now:
        mailbox = await open_now.enter_async_context(
            loopback_mailbox(port=smtp_port, directory=mail_log)
        )
        emulator = await open_now.enter_async_context(
            Emulator(port=port, mailbox=mailbox, app_url=app_url)
        )
        if credentials is not None:
            _write_secret(credentials, msgspec.json.encode(emulator.account))
        ready = {"url": emulator.url, "smtp": f"smtp://localhost:{mailbox.port}"}
        click.echo(msgspec.json.encode(ready))
        await stop.wait()


def _write_secret(path: Path, content: bytes) -> None:
    path.touch(mode=0o600, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main()
