# One image for web, workers and beat; docker-compose.yml says which runs what.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 DATA_DIR=/data HOST=0.0.0.0
WORKDIR /app

COPY pyproject.toml README.md ./
COPY inference inference
COPY rag rag
COPY monitor monitor
# The CPU build of torch keeps the image small; leave the extra index out for CUDA.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --extra-index-url "$TORCH_INDEX" '.[parquet]'

COPY manage.py ./
COPY templates templates
RUN useradd --create-home citescope && mkdir /data && chown citescope /data
USER citescope
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "granian", "--interface", "asginl", "--host", "0.0.0.0", "--port", "8000", "--no-ws", "monitor.asgi:application"]
