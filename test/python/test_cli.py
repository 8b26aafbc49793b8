"""The AWS CLI, version 1, as a user types it."""
import base64
import json
import os
import subprocess
import sys
import time

import pytest

from conftest import shard
from millrace_server import ACCESS_KEY, REGION, SECRET_KEY

AWS = os.path.join(os.path.dirname(sys.executable), "aws")


class CLI:
    def __init__(self, server, secret=SECRET_KEY):
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL_KINESIS": server.endpoint,
            "AWS_MAX_ATTEMPTS": "1"}

    def run(self, *words):
        return subprocess.run([sys.executable, AWS, "kinesis", *words], env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60)

    def __call__(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout) if done.stdout.strip() else None


def test_every_operation(server):
    aws = CLI(server)
    named = ("--stream-name", "cli")
    assert aws("create-stream", *named, "--shard-count", "2") is None
    aws("wait", "stream-exists", *named)
    assert aws("list-streams")["StreamNames"].count("cli") == 1
    shards = aws("describe-stream", *named)["StreamDescription"]["Shards"]
    assert len(shards) == 2
    summary = aws("describe-stream-summary", *named)["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 2 and "StreamId" not in summary
    assert len(aws("list-shards", *named)["Shards"]) == 2
    assert aws("describe-limits")["OpenShardCount"] >= 2

    assert aws("add-tags-to-stream", *named, "--tags", "a=1,b=2") is None
    assert aws("remove-tags-from-stream", *named, "--tag-keys", "a") is None
    assert aws("list-tags-for-stream", *named)["Tags"] == [{"Key": "b", "Value": "2"}]

    put = aws("put-record", *named, "--data", "Zażółć", "--partition-key", "k",
              "--explicit-hash-key", "0")
    assert put["ShardId"] == shard(0)
    records = json.dumps([{"Data": "one", "PartitionKey": "k", "ExplicitHashKey": "0"},
                          {"Data": "two", "PartitionKey": "k", "ExplicitHashKey": "0"}])
    assert aws("put-records", *named, "--records", records)["FailedRecordCount"] == 0
    iterator = aws("get-shard-iterator", *named, "--shard-id", shard(0),
                   "--shard-iterator-type", "TRIM_HORIZON")["ShardIterator"]
    page = aws("get-records", "--shard-iterator", iterator)
    assert [base64.b64decode(r["Data"]).decode() for r in page["Records"]] == [
        "Zażółć", "one", "two"]

    assert aws("split-shard", *named, "--shard-to-split", shard(0),
               "--new-starting-hash-key", "1000") is None
    aws("wait", "stream-exists", *named)
    assert aws("merge-shards", *named, "--shard-to-merge", shard(2),
               "--adjacent-shard-to-merge", shard(3)) is None
    aws("wait", "stream-exists", *named)
    assert aws("increase-stream-retention-period", *named, "--retention-period-hours", "48") is None
    aws("wait", "stream-exists", *named)
    assert aws("decrease-stream-retention-period", *named, "--retention-period-hours", "24") is None
    aws("wait", "stream-exists", *named)
    answer = aws("update-shard-count", *named, "--target-shard-count", "4",
                 "--scaling-type", "UNIFORM_SCALING")
    assert answer["TargetShardCount"] == 4
    aws("wait", "stream-exists", *named)
    assert aws("delete-stream", *named) is None


def test_fault(server):
    done = CLI(server).run("describe-stream", "--stream-name", "nobody")
    assert done.returncode != 0
    assert b"ResourceNotFoundException" in done.stderr
    assert b"Stream nobody under account 000000000000 not found." in done.stderr


def test_wrong_secret(server):
    done = CLI(server, secret="wrong").run("list-streams")
    if "--auth" in server.process.args:
        assert b"InvalidSignatureException" in done.stderr and done.returncode != 0
    else:
        assert done.returncode == 0


@pytest.mark.parametrize("words", [("--endpoint-url",), ()])
def test_endpoint_option(server, words):
    aws = CLI(server)
    if words:
        aws.environment.pop("AWS_ENDPOINT_URL_KINESIS")
        words = ("--endpoint-url", server.endpoint)
    assert "StreamNames" in aws("list-streams", *words)


def test_printed_lines_work(server):
    """What the server prints at its start works as it stands, in a fresh shell."""
    for _ in range(500):  # they come after the line that the fixture waits for
        if any("get-records" in line for line in server.lines):
            break
        time.sleep(0.01)
    lines = [line[2:] for line in server.lines if line.startswith("  ")]
    commands = [line.replace("AWS_ACCESS_KEY_ID=...", "AWS_ACCESS_KEY_ID=" + ACCESS_KEY)
                .replace("AWS_SECRET_ACCESS_KEY=...", "AWS_SECRET_ACCESS_KEY=" + SECRET_KEY)
                for line in lines if not line.startswith("#")]
    assert any("get-records" in line for line in commands)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        env={"PATH": os.path.dirname(AWS) + ":" + os.environ["PATH"], "HOME": "/nonexistent"})
    text = done.stdout.decode()
    assert done.returncode == 0, text
    assert "hello from millrace" in text
    assert base64.b64encode(b"hello from AWS\n").decode() in text
