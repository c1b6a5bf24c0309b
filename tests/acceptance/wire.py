"""Engines that fail on cue, and connections as raw as they get."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

PIECE = 65_536
SOCKET = ".s.PGSQL.5432"


@dataclass(slots=True)
class Line:
    """The way from the application to PostgreSQL; it can be cut, also in the middle of a word."""

    url: str
    """Where the application connects to."""
    target: Path
    is_cut: bool = False
    cut_at: bytes | None = None
    """The line is cut when the application says this ..."""
    after: bool = False
    """... before PostgreSQL hears it, or after."""
    on_cut: Callable[[], object] | None = None
    """What else happens at that moment."""
    only_tell: bool = False
    """Whether the line holds, and only `on_cut` is called."""
    _ends: set[StreamWriter] = field(default_factory=set[StreamWriter])

    def cut(self) -> None:
        """Break every connection, and take no other."""
        self.is_cut = True
        for end in self._ends:
            end.transport.abort()

    def mend(self) -> None:
        """Take connections again."""
        self.is_cut, self.cut_at = False, None

    def _happen(self) -> None:
        self.cut_at = None
        if not self.only_tell:
            self.cut()
        if self.on_cut is not None:
            self.on_cut()

    async def carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Carry one connection."""
        if self.is_cut:
            writer.transport.abort()
            return
        there, back = await asyncio.open_unix_connection(str(self.target))
        self._ends |= {writer, back}
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(self._up(reader, back), self._down(there, writer))
        self._ends -= {writer, back}

    async def _up(self, reader: StreamReader, writer: StreamWriter) -> None:
        while said := await reader.read(PIECE):
            now = self.cut_at is not None and self.cut_at in said
            if now and not self.after:
                self._happen()
            if not self.is_cut:
                writer.write(said)
            if now and self.after:
                await writer.drain()
                self._happen()
        writer.close()

    async def _down(self, reader: StreamReader, writer: StreamWriter) -> None:
        while said := await reader.read(PIECE):
            if not self.is_cut:
                writer.write(said)
        writer.close()


@asynccontextmanager
async def line_to(url: str, folder: Path) -> AsyncGenerator[Line]:
    """Lay a line to the PostgreSQL of a URL."""
    parts = urlsplit(url)
    target = Path(parse_qs(parts.query)["host"][0]) / SOCKET
    line = Line(
        url=parts._replace(query=f"host={quote(str(folder), safe='/')}").geturl(), target=target
    )
    server = await asyncio.start_unix_server(line.carry, str(folder / SOCKET))
    try:
        yield line
    finally:
        line.cut()
        server.close()


@dataclass(slots=True)
class Silent:
    """Something that takes connections where Redis would, and never says a word."""

    url: str
    server: asyncio.Server
    ends: list[StreamWriter]

    def hang_up(self) -> None:
        """End what nobody should have waited for."""
        self.server.close()
        for end in self.ends:
            end.transport.abort()


@asynccontextmanager
async def silent_redis() -> AsyncGenerator[Silent]:
    """Listen where Redis would."""
    ends: list[StreamWriter] = []

    async def listen(_: StreamReader, writer: StreamWriter) -> None:
        ends.append(writer)

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    silent = Silent(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0", server, ends)
    try:
        yield silent
    finally:
        silent.hang_up()
