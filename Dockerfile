# The image of every service of deploy/compose and of deploy/k8s: the code, Dagster and ffmpeg, at the versions of constraints.txt.
#   docker build -t streamcap .
#   docker build -t streamcap --build-arg DECODER=torchcodec --build-arg TORCH_INDEX=… .   with torch; name the index of its CPU build, else CUDA comes too
FROM python:3.11-slim-bookworm

# What decodes the videos: ffmpeg or torchcodec.
ARG DECODER=ffmpeg
ARG TORCH_INDEX=
# What of the extras is installed beside it; for a Ray cluster: postgres,ray,openai.
ARG EXTRAS=postgres,k8s,openai

RUN apt-get update \
    && apt-get install -y --no-install-recommends ffmpeg \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/streamcap
# The packages first, beside a project that is still empty: a change of the code then does not install them again.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN mkdir streamcap_dagster && touch streamcap_dagster/__init__.py \
    && pip install --no-cache-dir -c constraints.txt pip setuptools \
    && case "$DECODER" in torchcodec) with="$EXTRAS,torchcodec" ;; ffmpeg) with="$EXTRAS" ;; *) echo "DECODER=$DECODER is not known; it is torchcodec or ffmpeg." >&2; exit 1 ;; esac \
    && pip install --no-cache-dir --no-build-isolation -c constraints.txt ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -e ".[$with]"
COPY streamcap_dagster streamcap_dagster
RUN python -m compileall -q streamcap_dagster

COPY deploy/dagster.prod.yaml /opt/dagster/dagster.yaml
COPY deploy/compose/workspace.yaml /opt/dagster/workspace.yaml
# A volume that is mounted for the first time takes the owner of what it covers.
RUN useradd --create-home --uid 10001 streamcap \
    && mkdir -p /opt/dagster/storage /data /videos /cache \
    && chown streamcap /opt/dagster /opt/dagster/storage /data /cache

USER streamcap
WORKDIR /home/streamcap
ENV DAGSTER_HOME=/opt/dagster \
    PYTHONUNBUFFERED=1 \
    STREAMCAP_DECODER=$DECODER \
    STREAMCAP_SOURCE=/videos \
    STREAMCAP_STORAGE=/data \
    STREAMCAP_CACHE=/cache
EXPOSE 3000 4000
CMD ["python", "-m", "streamcap_dagster.launchers.code_server", "--host", "0.0.0.0", "--port", "4000"]
