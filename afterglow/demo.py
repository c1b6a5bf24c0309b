"""The demo clinic: who signs in there, and whether it exists. Its patients are invented.

The logins are published, so they are made only where AFTERGLOW_DEMO is set, and that is refused in
prod. Nor can such a database be taken to one: its keys are under the root key of this machine.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from afterglow.api_settings import settings_of
from models.cipher import Keyring
from models.gate import find
from models.practitioner import login_lookup
from models.session import connect
from settings import Environment, Settings, SettingsInvalid

CLINIC_CODE: Final = "demo"
CLINIC_NAME: Final = "Harbour Clinic (demo)"
CLINIC_ZONE: Final = "Europe/Dublin"
CLINIC_COUNTRY: Final = "IE"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLogin:
    """Somebody who works at the demo clinic, with all it takes to sign in as them."""

    name: str
    mail: str
    role: str
    profession: str
    password: str
    totp_seed: str


LOGINS: Final = (
    DemoLogin(
        name="Dr Nora Quinn",
        mail="nora@demo.example",
        role="clinician",
        profession="physician",
        password="lantern-harbour-seven",  # noqa: S106 # published, see above
        totp_seed="NORAQUINNDEMO234567ABCDEFGHIJKLM",
    ),
    DemoLogin(
        name="Dr Emil Brandt",
        mail="emil@demo.example",
        role="clinician",
        profession="physician",
        password="granite-otter-evening",  # noqa: S106 # published, see above
        totp_seed="EMILBRANDTDEMO234567ABCDEFGHIJKL",
    ),
    DemoLogin(
        name="Tess Moran, RN",
        mail="tess@demo.example",
        role="clinician",
        profession="nurse",
        password="saffron-kettle-orbit",  # noqa: S106 # published, see above
        totp_seed="TESSMORANDEMO234567ABCDEFGHIJKLM",
    ),
    DemoLogin(
        name="Ola Kovacs",
        mail="ola@demo.example",
        role="admin",
        profession="coordinator",
        password="meadow-cobalt-thirty",  # noqa: S106 # published, see above
        totp_seed="OLAKOVACSDEMO234567ABCDEFGHIJKLM",
    ),
)


def fill_demo(environment: Mapping[str, str]) -> None:
    """Fill the demo clinic, once; `environment` is what the API will run with."""
    asyncio.run(fill_once(settings_of(environment)))


async def fill_once(settings: Settings) -> int:
    """Fill the demo clinic where there is none; return how many entries were written.

    Raises:
        SettingsInvalid: nobody asked for one.
    """
    if not settings.demo or settings.env is Environment.PROD:
        raise SettingsInvalid("The demo clinic needs AFTERGLOW_DEMO, which prod refuses.")
    if await demo_is_there(settings):
        return 0
    from afterglow.demo_clinic import fill  # noqa: PLC0415 # half a second that a warm start saves

    return await fill(settings)


async def demo_is_there(settings: Settings) -> bool:
    """Say whether the demo clinic was filled."""
    lookup = login_lookup(Keyring(settings.root_key_bytes), CLINIC_CODE, LOGINS[0].mail)
    connection = await connect(settings.database_url.get_secret_value(), application_name="demo")
    try:
        return await find(connection, "login", lookup) is not None
    finally:
        await connection.close()
