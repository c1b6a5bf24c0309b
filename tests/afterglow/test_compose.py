"""The compose file and the image describe the system that the settings describe."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from afterglow.environment import PREFIX, FromEnvironment
from afterglow.parts import ROOT
from afterglow.survey import fields_of, forms
from settings import MigrationSettings, Settings, WorkerSettings

OURS: dict[str, type[FromEnvironment]] = {
    "api": Settings,
    "worker": WorkerSettings,
    "migrate": MigrationSettings,
}
ENGINES = ("db", "valkey")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def variables_of(service: str) -> set[str]:
    return {name for name in SERVICES[service]["environment"] if name.startswith(PREFIX)}


@pytest.mark.parametrize("service", OURS)
def test_sets_nothing_that_is_no_setting_of_the_process(service: str) -> None:
    fields = fields_of([OURS[service]])
    known = {form for name, field in fields.items() for form in forms(name, field)}

    assert variables_of(service) <= known


@pytest.mark.parametrize("service", OURS)
def test_sets_all_that_the_process_needs(service: str) -> None:
    needed = {n: f for n, f in fields_of([OURS[service]]).items() if f.is_required()}
    given = variables_of(service)

    assert not [name for name, field in needed.items() if not given & {*forms(name, field)}]


@pytest.mark.parametrize("service", OURS)
def test_no_secret_has_a_value_in_the_file(service: str) -> None:
    for name, value in SERVICES[service]["environment"].items():
        secret = any(
            name in forms(n, f)[:1] and len(forms(n, f)) > 1
            for n, f in fields_of([OURS[service]]).items()
        )
        assert not secret or re.fullmatch(r"\$\{[A-Z_]+:-\}", str(value))


def test_only_the_migration_knows_the_owner_and_only_the_worker_the_pager() -> None:
    for service, described in SERVICES.items():
        told = yaml.safe_dump(described)
        assert ("OWNER_DATABASE_URL" in told) is (service == "migrate")
        assert ("PAGER_DATABASE_URL" in told) is (service == "worker")


@pytest.mark.parametrize("service", [*OURS, *ENGINES])
def test_runs_without_privileges(service: str) -> None:
    described = SERVICES[service]

    assert described["user"].split(":")[0] not in {"0", "root"}
    assert described["read_only"] is True
    assert described["cap_drop"] == ["ALL"]
    assert described["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("service", ["api", "worker", *ENGINES])
def test_what_keeps_running_has_a_health_check(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]


@pytest.mark.parametrize("service", [*OURS, *ENGINES])
def test_secrets_are_read_from_a_volume_of_the_service_alone(service: str) -> None:
    mounted = [v for v in SERVICES[service]["volumes"] if v.startswith("secrets-")]

    assert mounted == [f"secrets-{service}:/run/afterglow:ro"]


def test_parts_start_after_what_they_need() -> None:
    def conditions(service: str) -> dict[str, str]:
        needs = SERVICES[service]["depends_on"]
        return {name: need["condition"] for name, need in needs.items()}

    assert conditions("migrate") == {"db": "service_healthy"}
    for service in ("api", "worker"):
        assert conditions(service) == {
            "migrate": "service_completed_successfully",
            "valkey": "service_healthy",
        }


def test_every_volume_is_declared_and_used() -> None:
    mounted = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }

    assert mounted == set(COMPOSE["volumes"])


def test_every_file_it_mounts_exists() -> None:
    files = [
        Path(volume.split(":")[0])
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if volume.startswith(".")
    ]

    assert files
    assert all((ROOT / file).is_file() for file in files)


def test_postgres_keeps_statements_out_of_its_log_as_our_own_engine_does() -> None:
    from afterglow.postgres import SETTINGS  # noqa: PLC0415 # the name says too little up there

    command = SERVICES["db"]["command"]

    for name, value in SETTINGS.items():
        if name.startswith("log_") and name != "log_timezone":
            assert f"-c {name}={value}" in command


def test_the_image_runs_as_the_user_the_secrets_belong_to() -> None:
    user = SERVICES["api"]["user"]

    assert f"USER {user}" in DOCKERFILE
    assert DOCKERFILE.index("USER") > DOCKERFILE.rindex("FROM")


def test_the_image_holds_every_part_and_the_build_sends_nothing_else() -> None:
    copied = {
        part
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for part in line.split()[:-1]
    }
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in ignore if line.startswith("!")}

    assert {part.split("/")[0] for part in copied} == sent
    assert all((ROOT / part).exists() for part in copied)


def test_the_image_is_installed_from_hashes() -> None:
    assert "--require-hashes --no-deps" in DOCKERFILE
