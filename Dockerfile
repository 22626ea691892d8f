# One image for every part of the desk; the command says which: manage.py run, manage.py run --only web, …

FROM python:3.11.15-slim AS packages
RUN python -m venv /venv
COPY requirements.txt requirements-extras.txt /
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: -r /requirements-extras.txt

FROM python:3.11.15-slim
LABEL org.opencontainers.image.title="SNS Auto" \
      org.opencontainers.image.description="A social-media desk that a team runs itself" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin snsauto \
    && install --directory --owner=snsauto --mode=0750 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
RUN /venv/bin/python -m compileall -q /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    BIND=0.0.0.0 \
    PORT=8000
USER snsauto
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=3 CMD ["python", "-m", "snsauto.alive"]
CMD ["python", "manage.py", "run"]
