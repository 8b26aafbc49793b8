"""Connections of boto 2.49, one per way in which it signs."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "pyserver"))

from boto.kinesis.layer1 import KinesisConnection  # noqa: E402
from boto.regioninfo import RegionInfo  # noqa: E402
from millrace_server import ACCESS_KEY, REGION, SECRET_KEY, Server  # noqa: E402


@pytest.fixture(scope="session", params=["off", "verify"])
def server(request):
    """A server with and one without signature checks."""
    with Server(verify=request.param == "verify") as running:
        yield running


def connect(server, scope="kinesis", secret=SECRET_KEY):
    """Connect as a user of boto would.

    scope "kinesis" names region and service; with "127" and "localhost" boto
    makes them up from the host name; with "default" it sends AWS's own name
    as the Host header.
    """
    keys = dict(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=secret,
                is_secure=False, port=server.port)
    if scope == "default":
        return KinesisConnection(host="127.0.0.1", **keys)
    host = "localhost" if scope == "localhost" else "127.0.0.1"
    connection = KinesisConnection(region=RegionInfo(name=REGION, endpoint=host), **keys)
    if scope == "kinesis":
        connection.auth_region_name, connection.auth_service_name = REGION, "kinesis"
    return connection


@pytest.fixture(params=["kinesis", "127", "localhost", "default"])
def conn(request, server):
    """A connection for each scope that boto signs with."""
    return connect(server, request.param)


COUNT = [0]


@pytest.fixture
def stream(conn):
    """The name of an ACTIVE stream of two shards, deleted afterwards."""
    COUNT[0] += 1
    name = "boto2-%d" % COUNT[0]
    assert conn.create_stream(name, 2) is None
    wait_active(conn, name)
    yield name
    conn.delete_stream(name)


def wait_active(conn, name):
    """Wait until the stream is ACTIVE; return its description."""
    for _ in range(2000):
        description = conn.describe_stream(name)["StreamDescription"]
        if description["StreamStatus"] == "ACTIVE":
            return description
    raise AssertionError("%s is %s" % (name, description["StreamStatus"]))
