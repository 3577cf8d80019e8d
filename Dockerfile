# One image for all roles: `serve` (HTTP) and `work` (the arrows) are commands of it.
# Pin the base by digest where you deploy: docker build --build-arg BASE=python:3.11-slim-bookworm@sha256:...
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
RUN python -m venv /opt/tocsin
COPY requirements.lock .
RUN /opt/tocsin/bin/pip install --no-cache-dir -r requirements.lock
COPY . .
RUN /opt/tocsin/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM ${BASE}
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/tocsin tocsin \
    && install -d -o tocsin -g tocsin /var/lib/tocsin
COPY --from=build /opt/tocsin /opt/tocsin
ENV PATH=/opt/tocsin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TOCSIN_HOME=/var/lib/tocsin \
    TOCSIN_HOST=0.0.0.0
USER tocsin
WORKDIR /var/lib/tocsin
VOLUME /var/lib/tocsin
EXPOSE 8080
# The root file system can be read-only: everything that is written goes to TOCSIN_HOME and /tmp (a tmpfs).
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["tocsin"]
CMD ["run"]
