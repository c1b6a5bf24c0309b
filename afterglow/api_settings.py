"""The settings of an API that `afterglow up` starts, for work beside it on the same database."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from afterglow.environment import PREFIX
from settings import Environment, Settings


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Read what the API is told, without being it."""
    return Settings(
        env=Environment(environment[f"{PREFIX}ENV"]),
        database_url=SecretStr(environment[f"{PREFIX}DATABASE_URL"]),
        redis_url=SecretStr(environment[f"{PREFIX}REDIS_URL"]),
        root_key=SecretStr(Path(environment[f"{PREFIX}ROOT_KEY_FILE"]).read_text()),
        demo=environment.get(f"{PREFIX}DEMO") == "true",
    )
