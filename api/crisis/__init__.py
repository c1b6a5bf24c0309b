"""Who helps in a crisis, by country: the data files beside this one, and the words around them.

The rows were compared with published pages on the day they name; nobody dialled the numbers. A
clinic that uses them checks those of its own country, and again every 180 days.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from importlib.resources import files

from msgspec import UNSET, Struct, UnsetType, json

GOOD_FOR = timedelta(days=180)
"""After it a row may be wrong: 6 of 69 apps gave a wrong number (Martinengo 2019, BMC Medicine)."""
ANYWHERE = "ZZ"
"""The code of no country: a directory, for where there is no row."""


class CrisisLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A line somebody can call, write to or chat with; an absent way does not exist."""

    country: str
    name: str
    hours: str
    languages: list[str]
    source_url: str
    verified_on: date
    verified_by: str
    tel: str | UnsetType = UNSET
    sms: str | UnsetType = UNSET
    chat_url: str | UnsetType = UNSET


class CrisisLink(Struct, frozen=True):
    """One tap that works offline where the phone can: `tel:`, `sms:` or a chat's address."""

    name: str
    href: str
    hours: str


class CrisisBlock(Struct, frozen=True):
    """What a patient sees after writing of suicide: care first, then what to do now."""

    care: str
    links: list[CrisisLink]
    nearby: str


CARE = {
    "en": "Thank you for writing this. It matters, and you do not have to carry it alone.",
    "es": "Gracias por escribir esto. Es importante, y no tiene que llevarlo a solas.",
}
NEARBY = {
    "en": "If you may act on these thoughts, call the emergency number now, "
    "and tell someone near you.",
    "es": "Si cree que puede hacerse daño, llame ahora al número de emergencias "
    "y dígaselo a alguien cerca de usted.",
}


def read_lines() -> Mapping[str, tuple[CrisisLine, ...]]:
    """Read every row, by country."""
    folder = files(__name__)
    by_country: dict[str, tuple[CrisisLine, ...]] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".json"):
            lines = json.decode(file.read_bytes(), type=tuple[CrisisLine, ...])
            by_country[lines[0].country] = lines
    return by_country


LINES = read_lines()


def lines_for(country: str) -> tuple[CrisisLine, ...]:
    """Return a country's lines in the order they are offered, else the directory."""
    return LINES.get(country.upper(), LINES[ANYWHERE])


def crisis_block(language: str, country: str) -> CrisisBlock:
    """Build the block for a patient's language and country."""
    spoken = language.partition("-")[0].lower()
    lines = lines_for(country)
    nearest = sorted(lines, key=lambda line: spoken not in line.languages)
    return CrisisBlock(
        care=CARE.get(spoken, CARE["en"]),
        links=[link for line in nearest for link in links_of(line)],
        nearby=NEARBY.get(spoken, NEARBY["en"]),
    )


def links_of(line: CrisisLine) -> Iterable[CrisisLink]:
    """Yield a link for each way a line can be reached."""
    ways = (line.tel and f"tel:{line.tel}", line.sms and f"sms:{line.sms}", line.chat_url)
    return (CrisisLink(line.name, way, line.hours) for way in ways if way)


def stale_lines(today: date) -> list[CrisisLine]:
    """Return the rows nobody has checked for too long."""
    return [
        line for lines in LINES.values() for line in lines if today - line.verified_on > GOOD_FOR
    ]
