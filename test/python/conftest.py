"""Clients of boto3 against a server with and one without signature checks."""
import os
import sys
import time

import boto3
import pytest
from botocore.config import Config

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pyserver"))

from millrace_server import ACCESS_KEY, REGION, SECRET_KEY, Server  # noqa: E402


@pytest.fixture(scope="session", params=["off", "verify"])
def server(request):
    """A server with and one without signature checks."""
    with Server(verify=request.param == "verify") as running:
        yield running


def connect(server, secret=SECRET_KEY, attempts=1, **options):
    """Return a client of boto3 that sees every fault unless attempts is more."""
    config = Config(retries={"max_attempts": attempts - 1, "mode": "legacy"}, proxies={})
    return boto3.client("kinesis", endpoint_url=server.endpoint, region_name=REGION,
                        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=secret,
                        config=config, **options)


class Seen:
    """The bodies of all answers that a client has had."""

    def __init__(self, client):
        self.bodies = []
        client.meta.events.register("before-parse.kinesis.*", self.keep)

    def keep(self, response_dict, **_):
        self.bodies.append(response_dict["body"])


@pytest.fixture(scope="session")
def conn(server):
    """The client. At the end, no answer of the whole session held a StreamId."""
    client = connect(server)
    seen = Seen(client)
    yield client
    assert seen.bodies
    assert not [body for body in seen.bodies if b'"StreamId"' in body]


COUNT = iter(range(10**6))


@pytest.fixture
def name():
    """A stream name that nobody has used."""
    return f"boto3-{next(COUNT)}"


@pytest.fixture
def stream(conn, name):
    """The name of an ACTIVE stream of two shards, deleted afterwards."""
    conn.create_stream(StreamName=name, ShardCount=2)
    wait_active(conn, name)
    yield name
    conn.delete_stream(StreamName=name)


def wait_active(conn, name):
    """Wait until the stream is ACTIVE; return its description."""
    for _ in range(2000):
        description = conn.describe_stream(StreamName=name)["StreamDescription"]
        if description["StreamStatus"] == "ACTIVE":
            return description
        time.sleep(0.002)
    raise AssertionError(f"{name} is {description['StreamStatus']}")


def shard(number):
    """The id of a shard."""
    return f"shardId-{number:012d}"


def read(conn, stream, shard_id, kind="TRIM_HORIZON", limit=None, **start):
    """One page from a fresh iterator."""
    iterator = conn.get_shard_iterator(StreamName=stream, ShardId=shard_id,
                                       ShardIteratorType=kind, **start)["ShardIterator"]
    options = {} if limit is None else {"Limit": limit}
    return conn.get_records(ShardIterator=iterator, **options)
