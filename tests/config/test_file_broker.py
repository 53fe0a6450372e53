"""The broker of files loses no worker to a message that is being written, or to one that never was written whole."""

from queue import Empty

import pytest
from kombu import Connection

from config import file_broker
from config.brokers import transport_options_for


@pytest.fixture
def channel(tmp_path):
    options = transport_options_for("filesystem://", tmp_path)
    with Connection("filesystem://localhost", transport_options=options) as connection:
        yield connection.channel()


def test_the_worker_and_whoever_hands_out_use_it(channel):
    from config.celery_app import app

    assert isinstance(channel, file_broker.Channel)
    transport = app.connection_for_write(url="filesystem://localhost").get_transport_cls()
    assert transport is file_broker.Transport


def test_a_message_is_there_when_all_of_it_is(channel, monkeypatch):
    """Whoever reads at the worst moment, between making the file and ending it, finds none."""
    looked = []

    def in_the_middle(draft, text, **options):
        half = len(text) // 2
        draft.write_bytes(text[:half].encode())
        with pytest.raises(Empty):
            channel._get("celery")
        looked.append(text)
        return draft.write_bytes(text.encode())

    monkeypatch.setattr(file_broker.Path, "write_text", in_the_middle)
    channel._put("celery", {"id": 1, "words": "微球"})
    assert looked and channel._get("celery") == {"id": 1, "words": "微球"}
    with pytest.raises(Empty):
        channel._get("celery")


@pytest.mark.parametrize("content", ["", '{"half": ', "\0\0"])
def test_a_message_that_isnt_whole_is_dropped_and_the_next_one_arrives(channel, tmp_path, content):
    (tmp_path / "messages" / "0_x.celery.msg").write_text(content)  # before any that a clock names
    channel._put("celery", {"id": 2})
    with pytest.raises(Empty):
        channel._get("celery")
    assert channel._get("celery") == {"id": 2}
    assert not list((tmp_path / "messages").iterdir())


@pytest.mark.parametrize("content", ["", "[["])
def test_a_table_that_isnt_whole_stops_nobody_and_is_written_anew(channel, tmp_path, content):
    table = tmp_path / "control" / "celery.exchange"
    table.write_text(content)
    assert channel.get_table("celery") == []
    for queue in ("celery", "celery", "other"):
        channel._queue_bind("celery", queue, "", queue)
    assert len(channel.get_table("celery")) == 2
    assert {row.queue for row in channel.get_table("celery")} == {"celery", "other"}
