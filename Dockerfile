# One image for every process: the command says which. Not tried where it was written.
FROM python:3.11-slim
WORKDIR /srv/abreast
COPY requirements/ requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/scale.txt
COPY . .
RUN useradd --create-home abreast && mkdir -p /data/outputs && chown -R abreast /data
USER abreast
ENV ABREAST_HOME=/data HOST=0.0.0.0 PYTHONUNBUFFERED=1
ENTRYPOINT ["python", "manage.py"]
CMD ["web"]
