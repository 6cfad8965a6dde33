# One image for the door and every worker; the command says which.

FROM python:3.11-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /opt/venv && pip install --no-cache-dir "uv>=0.5,<1"
# What runs, and not what tests: from the lock, by hash.
COPY pyproject.toml requirements.lock ./
RUN sed -n '/^setuptools==/,/# via/p' requirements.lock > build.txt \
    && uv pip install --no-cache --python /opt/venv/bin/python --require-hashes \
       --constraint requirements.lock --requirements pyproject.toml --extra postgres --extra openai \
       --requirements build.txt
COPY README.md LICENSE worker.py ./
COPY contexten contexten
COPY workflows workflows
COPY activities activities
COPY starter starter
COPY sandbox sandbox
COPY bench bench
RUN uv pip install --no-cache --python /opt/venv/bin/python --no-deps --no-build-isolation --editable . \
    && /opt/venv/bin/python -m compileall -q /app

FROM python:3.11-slim-bookworm
# What the tools of agents need and no wheel brings; ripgrep and bubblewrap are in wheels.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git ca-certificates \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin contexten \
    && for folder in spool quarantine refused blobs codebase; do \
         install --directory --owner contexten --group contexten /var/lib/contexten/$folder; \
       done
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CONTEXTEN_VAR=/var/lib/contexten \
    HOST=0.0.0.0 \
    PORT=8000
WORKDIR /app
USER contexten
EXPOSE 8000 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=3)"]
CMD ["contexten", "serve"]
