"""From CELERY_BROKER_URL to the broker's transport options: one place for what each kind of broker needs."""

from pathlib import Path

from kombu.transport import TRANSPORT_ALIASES

# kombu's own reads files that aren't written yet (file_broker.py).
TRANSPORT_ALIASES["filesystem"] = "config.file_broker:Transport"


def transport_options_for(url: str, folder: Path) -> dict:
    """The options for a broker address; `folder` is where the file-system broker keeps its messages."""
    kind = url.partition("://")[0]
    if kind == "filesystem":
        # https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.filesystem.html
        messages, control = folder / "messages", folder / "control"
        for each in (messages, control):
            each.mkdir(parents=True, exist_ok=True)
        return {
            # One folder for both directions: what the web process puts in, the worker takes out.
            "data_folder_in": str(messages),
            "data_folder_out": str(messages),
            "control_folder": str(control),
            "store_processed": False,
            "polling_interval": 0.2,
        }
    if kind in ("redis", "rediss"):
        # https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html
        return {
            # With the defaults a broker that accepts a connection and never answers held a request for minutes.
            "socket_timeout": 3,
            "socket_connect_timeout": 3,
            # Connect once. Whoever publishes in a request goes on without the broker; a beat sweep hands it out later.
            "max_retries": 0,
            # A killed worker's tasks return after this. Longer than any task, or a long one runs twice.
            "visibility_timeout": 3600,
        }
    return {}
