"""The seven faults of boto.kinesis.layer1.KinesisConnection."""
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from boto.exception import JSONResponseError
from boto.kinesis import exceptions
from conftest import connect, wait_active
from millrace_server import ClockServer, Server

SHARD = "shardId-000000000000"


def test_resource_not_found(conn):
    with pytest.raises(exceptions.ResourceNotFoundException) as fault:
        conn.describe_stream("nobody-made-this")
    assert "not found" in fault.value.message
    assert fault.value.status == 400


def test_resource_in_use(conn, stream):
    with pytest.raises(exceptions.ResourceInUseException) as fault:
        conn.create_stream(stream, 1)
    assert stream in fault.value.message


def test_invalid_argument(conn, stream):
    with pytest.raises(exceptions.InvalidArgumentException):
        conn.merge_shards(stream, "shardId-000000000001", SHARD)
    with pytest.raises(exceptions.InvalidArgumentException):
        conn.get_records("AAAAAAAAAAAAAAAAAAAA")


def test_limit_exceeded():
    with Server(limits="classic", delay="0") as server:
        conn = connect(server)
        with pytest.raises(exceptions.LimitExceededException):
            conn.create_stream("too-wide", 11)
        with pytest.raises(exceptions.LimitExceededException):
            for i in range(20):
                conn.create_stream("s%d" % i, 1)


def test_provisioned_throughput_exceeded():
    with Server(limits="aws", delay="0") as server:
        conn = connect(server)
        conn.create_stream("narrow", 1)
        wait_slowly(conn, "narrow")
        with pytest.raises(exceptions.ProvisionedThroughputExceededException) as fault:
            for _ in range(20):
                conn.put_record("narrow", "x" * 700000, "key")
        assert "narrow" in fault.value.message

        answer = conn.put_records(
            [{"Data": "y" * 700000, "PartitionKey": "k"} for _ in range(4)], "narrow")
        failed = [r for r in answer["Records"] if "ErrorCode" in r]
        assert answer["FailedRecordCount"] == len(failed) > 0
        assert failed[0]["ErrorCode"] == "ProvisionedThroughputExceededException"
        for part in (SHARD, "narrow", "000000000000"):
            assert part in failed[0]["ErrorMessage"]


def wait_slowly(conn, name):
    """Wait for ACTIVE without tripping over the limits of DescribeStream."""
    import time
    for _ in range(50):
        try:
            return wait_active(conn, name)
        except (exceptions.LimitExceededException, AssertionError):
            time.sleep(0.3)
    raise AssertionError("not ACTIVE")


def test_expired_iterator():
    with ClockServer() as server:
        conn = connect(server)
        conn.create_stream("old", 1)
        wait_active(conn, "old")
        iterator = conn.get_shard_iterator("old", SHARD, "TRIM_HORIZON")["ShardIterator"]
        assert conn.get_records(iterator)["Records"] == []
        server.jump()
        with pytest.raises(exceptions.ExpiredIteratorException) as fault:
            conn.get_records(iterator)
        assert fault.value.message.startswith("Iterator expired. The iterator was created at time ")
        assert fault.value.message.endswith("tolerated delay of 300000 milliseconds.")


def test_subscription_required():
    """The one fault that is about a bill, and that no server of ours gives.

    A canned answer in the form of all faults shows that the form reaches
    boto's typed fault.
    """
    class Canned(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.dumps({"__type": "SubscriptionRequiredException", "message": "canned"})
            self.send_response(400)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode("ascii"))

        def log_message(self, *args):
            pass

    canned = HTTPServer(("127.0.0.1", 0), Canned)
    thread = threading.Thread(target=canned.serve_forever)
    thread.start()
    try:
        canned.port = canned.server_address[1]
        with pytest.raises(exceptions.SubscriptionRequiredException) as fault:
            connect(canned).list_streams()
        assert fault.value.message == "canned"
    finally:
        canned.shutdown()
        canned.server_close()
        thread.join()


def test_other_faults_are_json(conn):
    with pytest.raises(JSONResponseError) as fault:
        conn.create_stream("no spaces", 1)
    assert fault.value.body["__type"] == "ValidationException"
    assert "failed to satisfy constraint" in fault.value.body["message"]


def test_wrong_secret():
    with Server(verify=True) as server:
        with pytest.raises(JSONResponseError) as fault:
            connect(server, secret="not the secret").list_streams()
        assert fault.value.body["__type"] == "InvalidSignatureException"
        assert fault.value.body["message"].startswith(
            "The request signature we calculated does not match the signature you provided.")


def test_wrong_secret_with_checks_off():
    with Server() as server:
        assert connect(server, secret="not the secret").list_streams()["StreamNames"] == []
