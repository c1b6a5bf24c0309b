"""Durable entries a second: ours, pgbench doing the same inserts, FastAPI + SQLModel.

All three in one run on the same engines, one after the other and round again, so that a ratio
holds when the machine's speed drifts.
"""

import re
import socket
import statistics
import subprocess
import tempfile
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from afterglow.postgres import find_programs
from bench.load import measure
from bench.machine import describe, percentile
from bench.stage import Stage, open_stage, serving
from models.ingest import MOST_ENTRIES_AN_HOUR, NEW_ENTRIES

PATIENTS = 1500
"""Enough that nobody comes near the hourly limit of one patient."""
SECONDS = 6.0
ROUNDS = 3
CONNECTIONS = (1, 64)
PROCESSES = 2

VALUES = {
    3: "ARRAY[gen_random_uuid()]", 4: "ARRAY[app_now()]", 5: "ARRAY[0]", 6: "ARRAY['Etc/UTC']",
    7: "ARRAY[current_date]", 8: "ARRAY['daily_depression@1']", 9: "ARRAY['en']",
    10: """ARRAY['{{"low_mood":4,"anhedonia":3,"hopelessness":2,"fatigue":6,"dissociation":0,"activation":1,"side_effects":2,"si_daily":0}}']""",  # noqa: E501 # one value of the script
    11: """ARRAY['[{{"id":"fatigue","severity":1}}]']""", 12: "ARRAY[NULL::uuid]",
    13: "ARRAY[decode(repeat('ab', 180), 'hex')]", 14: "ARRAY[decode(repeat('cd', 32), 'hex')]",
    15: "ARRAY['']", 16: "ARRAY[gen_random_uuid()]", 17: "ARRAY['none']", 18: "ARRAY['none']",
    19: "ARRAY['[]']", 20: "ARRAY['']", 21: "ARRAY['1']", 22: "ARRAY[repeat('e', 64)]",
    23: "ARRAY[decode(repeat('ef', 32), 'hex')]", 24: "ARRAY[40]", 25: "ARRAY[gen_random_uuid()]",
    26: "ARRAY[1]", 27: "NULL::uuid", 28: "NULL::uuid", 29: "gen_random_uuid()",
    30: str(MOST_ENTRIES_AN_HOUR),
}  # fmt: skip
"""What stands for each parameter of the program's own statement in pgbench's script."""


@dataclass(slots=True)
class Figure:
    """What one program did at one number of connections, round by round."""

    per_second: list[float] = field(default_factory=list)
    latency_ms: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return the median of entries a second."""
        return statistics.median(self.per_second)

    @property
    def latency(self) -> float:
        """Return the median of the rounds' latencies."""
        return statistics.median(self.latency_ms)


def pgbench_script(stage: Stage) -> str:
    """Write the transaction of one entry with the program's own statement."""
    values = {
        1: f"'{stage.clinic_id}'::uuid",
        2: "current_setting('app.subject_id')::uuid",
        **{n: value.replace("{{", "{").replace("}}", "}") for n, value in VALUES.items()},
    }
    insert = re.sub(r"\$(\d+)", lambda found: values[int(found[1])], NEW_ENTRIES)
    return (
        f"\\set p random(1, {stage.patients})\n"
        "BEGIN;\n"
        "SELECT * FROM gate.enter('access',"
        " sha256(('at_' || lpad((:p)::text, 43, '0'))::bytea));\n"
        f"{' '.join(insert.split())};\n"
        "COMMIT;\n"
    )


def run_pgbench(stage: Stage, connections: int) -> tuple[float, float]:
    """Return transactions a second and the mean latency in milliseconds."""
    binaries = find_programs(stage.engines.folder, None)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(pgbench_script(stage))
        script.flush()
        ran = subprocess.run(
            [
                binaries / "pgbench", "-n", "-M", "prepared", "-f", script.name,
                "-c", str(connections), "-j", str(min(connections, PROCESSES)),
                "-T", str(int(SECONDS)), stage.engines.database_url,
            ],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    rate = re.search(r"tps = ([\d.]+)", ran.stdout)
    mean = re.search(r"latency average = ([\d.]+)", ran.stdout)
    if rate is None or mean is None:
        raise RuntimeError(ran.stdout + ran.stderr)
    return float(rate[1]), float(mean[1])


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_http(port: int, connections: int) -> tuple[float, float]:
    """Return stored entries a second and the 99th percentile in milliseconds."""
    result = measure(port, connections=connections, patients=PATIENTS, seconds=SECONDS)
    strange = {status: n for status, n in result.statuses.items() if status != b"201"}
    if strange:
        raise RuntimeError(f"answers other than 201: {strange}")
    return result.per_second, percentile(result.latencies_ms, 0.99)


def measure_all(stage: Stage, console: Console) -> dict[tuple[str, int], Figure]:
    """Run the three in turn, round after round."""
    figures: dict[tuple[str, int], Figure] = {}
    ours, theirs = free_port(), free_port()
    commands = {
        "ours": ["afterglow", "api", "--host", "localhost", "--port", str(ours)],
        "FastAPI + SQLModel": [
            "uvicorn", "bench.fastapi_app:app", "--port", str(theirs),
            "--workers", str(PROCESSES), "--log-level", "error", "--no-access-log",
        ],
    }  # fmt: skip
    ports = {"ours": ours, "FastAPI + SQLModel": theirs}
    environment = stage.environment() | {"AFTERGLOW_API_PROCESSES": str(PROCESSES)}
    for number in range(ROUNDS):
        for connections in CONNECTIONS:
            console.print(f"round {number + 1} of {ROUNDS}, {connections} connections", style="dim")
            rate, latency = run_pgbench(stage, connections)
            record(figures, "pgbench", connections, rate, latency)
            for name, command in commands.items():
                with serving(command, ports[name], environment, "/health/live"):
                    run_http(ports[name], connections)  # warm: imports, connections, plans
                    rate, latency = run_http(ports[name], connections)
                record(figures, name, connections, rate, latency)
    return figures


def record(
    figures: dict[tuple[str, int], Figure], name: str, connections: int, rate: float, latency: float
) -> None:
    """Add one round's figures."""
    figure = figures.setdefault((name, connections), Figure())
    figure.per_second.append(rate)
    figure.latency_ms.append(latency)


def show(figures: dict[tuple[str, int], Figure], console: Console) -> None:
    """Print the table and the two ratios that are promised."""
    table = Table(title="Durable entries a second (median of rounds)")
    for heading in ("", "connections", "entries/s", "p99 ms (pgbench: mean)", "share of pgbench"):
        table.add_column(heading, justify="left" if not heading else "right")
    for (name, connections), figure in figures.items():
        share = figure.rate / figures["pgbench", connections].rate
        table.add_row(
            name, str(connections), f"{figure.rate:,.0f}", f"{figure.latency:.1f}", f"{share:.2f}"
        )
    console.print(table)
    for connections in CONNECTIONS:
        ours = figures["ours", connections].rate
        theirs = figures["FastAPI + SQLModel", connections].rate
        console.print(f"{connections} connections: {ours / theirs:.1f} x FastAPI + SQLModel")


def main(console: Console) -> None:
    """Measure and print."""
    with open_stage(PATIENTS) as stage:
        console.print(describe(stage.version))
        show(measure_all(stage, console), console)
        console.print(describe(stage.version).splitlines()[0])
