# One image for the server, its workers and its migrations: `eev-webhooks` with a command.

ARG PYTHON=python:3.13-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/eev-webhooks
ENV PATH=/opt/eev-webhooks/bin:${PATH}
WORKDIR /source
# The libraries first, as a separate layer, because they change less often than the code.
COPY requirements.txt ./
RUN pip install --require-hashes --only-binary :all: --requirement requirements.txt
COPY pyproject.toml LICENSE ./
COPY app app
COPY graph graph
COPY tasks tasks
RUN pip install --no-deps --no-build-isolation --no-index . \
    && pip uninstall --yes setuptools pip

FROM ${PYTHON}
# 10001: an ID that no account of the host is likely to have.
RUN groupadd --gid 10001 eev \
    && useradd --uid 10001 --gid eev --no-create-home --home-dir /data --shell /usr/sbin/nologin eev \
    && install --directory --owner eev --group eev --mode 0700 /data
COPY --from=build /opt/eev-webhooks /opt/eev-webhooks
ENV PATH=/opt/eev-webhooks/bin:${PATH} \
    PYTHONUNBUFFERED=1 \
    ENVIRONMENT=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["python", "-c", "import os, ssl, urllib.request as u; u.urlopen(('https' if os.environ.get('TLS_CERTIFICATE_FILE') else 'http') + '://127.0.0.1:' + os.environ['PORT'] + '/health/live', timeout=2, context=ssl._create_unverified_context())"]
ENTRYPOINT ["eev-webhooks"]
CMD ["serve"]
