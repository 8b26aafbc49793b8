"""TLS on the port of the API: Python's own ssl, boto3 and the AWS CLI."""
import json
import os
import socket
import ssl
import subprocess
import sys
from types import SimpleNamespace

import botocore.exceptions
import pytest

from conftest import connect, read, shard, wait_active
from millrace_server import ACCESS_KEY, BINARY, REGION, SECRET_KEY


@pytest.fixture(scope="module")
def secure(server, tmp_path_factory):
    """The same server by its https address, and the file of its CA."""
    endpoint = server.endpoint.replace("http:", "https:")
    ca = str(tmp_path_factory.mktemp("tls") / "ca.pem")
    subprocess.run([BINARY, "cert", "export-ca", "--endpoint", endpoint, "--out", ca], check=True)
    return SimpleNamespace(endpoint=endpoint, ca=ca, address=(server.host, server.port))


def shake_hands(secure, name, change=lambda context: None):
    """Return the protocol and the TLS version that were agreed on."""
    context = ssl.create_default_context(cafile=secure.ca)
    # What Python 3.13 demands of certificates by default.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    change(context)
    with socket.create_connection(secure.address, timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as conn:
            return conn.selected_alpn_protocol(), conn.version()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_names(secure, name):
    assert shake_hands(secure, name) == (None, "TLSv1.3")


def test_other_name(secure):
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(secure, "example.com")


def test_tls_1_2_and_alpn(secure):
    def older(context):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["h2", "http/1.1"])
    assert shake_hands(secure, "localhost", older) == ("h2", "TLSv1.2")


def test_boto3(secure):
    conn = connect(secure, verify=secure.ca)
    conn.create_stream(StreamName="tls", ShardCount=1)
    wait_active(conn, "tls")
    conn.put_records(StreamName="tls", Records=[
        {"PartitionKey": str(n), "Data": b"x" * 1000} for n in range(500)])
    assert len(read(conn, "tls", shard(0))["Records"]) == 500
    conn.delete_stream(StreamName="tls")


def test_boto3_trusts_no_stranger(secure):
    with pytest.raises(botocore.exceptions.SSLError):
        connect(secure).list_streams()


def test_cli(secure):
    environment = {
        "PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL_KINESIS": secure.endpoint,
        "AWS_CA_BUNDLE": secure.ca}
    aws = os.path.join(os.path.dirname(sys.executable), "aws")
    done = subprocess.run([sys.executable, aws, "kinesis", "list-streams"], env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60, check=True)
    assert "StreamNames" in json.loads(done.stdout)
