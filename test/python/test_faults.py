"""Faults as boto3 sees them: type, status and text."""
import pytest
from botocore.exceptions import ClientError

from conftest import connect, read, shard, wait_active
from millrace_server import ClockServer, Server

ACCOUNT = "000000000000"


def fault_of(call, **arguments):
    """The error of a call that must fail, and its HTTP status."""
    with pytest.raises(ClientError) as fault:
        call(**arguments)
    response = fault.value.response
    assert response["ResponseMetadata"]["RequestId"]
    return (response["Error"]["Code"], response["Error"]["Message"],
            response["ResponseMetadata"]["HTTPStatusCode"])


def test_not_found(conn):
    gone = ("ResourceNotFoundException", f"Stream nobody under account {ACCOUNT} not found.", 400)
    assert fault_of(conn.describe_stream, StreamName="nobody") == gone
    assert fault_of(conn.describe_stream_summary, StreamName="nobody") == gone
    assert fault_of(conn.put_record, StreamName="nobody", Data=b"", PartitionKey="k") == gone
    arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/nobody"
    assert fault_of(conn.describe_stream, StreamARN=arn) == gone
    for call in (conn.delete_stream, conn.list_shards, conn.list_tags_for_stream):
        assert fault_of(call, StreamName="nobody")[0] == "ResourceNotFoundException"


def test_exists_already(conn, stream):
    assert fault_of(conn.create_stream, StreamName=stream, ShardCount=1) == (
        "ResourceInUseException", f"Stream {stream} under account {ACCOUNT} already exists.", 400)


def test_not_active():
    with Server(delay="60s") as server:
        conn = connect(server)
        conn.create_stream(StreamName="slow", ShardCount=1)
        text = f"Stream slow under account {ACCOUNT} not ACTIVE, instead in state CREATING"
        assert conn.describe_stream(StreamName="slow")["StreamDescription"]["Shards"] == []
        assert fault_of(conn.split_shard, StreamName="slow", ShardToSplit=shard(0),
                        NewStartingHashKey="7") == ("ResourceInUseException", text, 400)
        assert fault_of(conn.update_shard_count, StreamName="slow", TargetShardCount=2,
                        ScalingType="UNIFORM_SCALING")[0] == "ResourceInUseException"
        assert fault_of(conn.list_shards, StreamName="slow")[0] == "ResourceInUseException"
        assert fault_of(conn.put_record, StreamName="slow", Data=b"", PartitionKey="k")[0] == (
            "ResourceNotFoundException")


def test_too_many_creating():
    with Server(limits="aws", delay="60s") as server:
        conn = connect(server, attempts=5)
        for i in range(5):
            conn.create_stream(StreamName=f"s{i}", ShardCount=1)
        assert fault_of(connect(server).create_stream, StreamName="s5", ShardCount=1)[0] == (
            "LimitExceededException")


def test_split_faults(conn, stream):
    split = conn.split_shard
    assert fault_of(split, StreamName=stream, ShardToSplit=shard(9), NewStartingHashKey="7") == (
        "ResourceNotFoundException",
        f"Could not find shard {shard(9)} in stream {stream} under account {ACCOUNT}.", 400)
    text = (f"NewStartingHashKey 1 used in SplitShard() on shard {shard(0)} in stream {stream} under "
            f"account {ACCOUNT} is not both greater than one plus the shard's StartingHashKey 0 and "
            f"less than the shard's EndingHashKey {2**127 - 1}.")
    assert fault_of(split, StreamName=stream, ShardToSplit=shard(0), NewStartingHashKey="1") == (
        "InvalidArgumentException", text, 400)
    split(StreamName=stream, ShardToSplit=shard(0), NewStartingHashKey="2")
    wait_active(conn, stream)
    code, text, _ = fault_of(split, StreamName=stream, ShardToSplit=shard(0),
                             NewStartingHashKey="7")
    assert code == "InvalidArgumentException"
    assert "has already been merged or split" in text


def test_merge_faults(conn, stream):
    assert fault_of(conn.merge_shards, StreamName=stream, ShardToMerge=shard(1),
                    AdjacentShardToMerge=shard(0)) == (
        "InvalidArgumentException",
        f"Shards {shard(1)} and {shard(0)} in stream {stream} under account {ACCOUNT} are not an "
        "adjacent pair of shards eligible for merging", 400)


def test_iterator_faults(conn, stream):
    get = conn.get_shard_iterator
    code, text, _ = fault_of(get, StreamName=stream, ShardId=shard(5), ShardIteratorType="LATEST")
    assert (code, text) == (
        "ResourceNotFoundException",
        f"Shard {shard(5)} in stream {stream} under account {ACCOUNT} does not exist")
    code, text, _ = fault_of(get, StreamName=stream, ShardId=shard(0),
                             ShardIteratorType="AT_SEQUENCE_NUMBER")
    assert code == "InvalidArgumentException"
    assert text.endswith("Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber.")
    code, text, _ = fault_of(get, StreamName=stream, ShardId=shard(0),
                             ShardIteratorType="AT_TIMESTAMP")
    assert (code, text) == (
        "InvalidArgumentException",
        "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. "
        "Current request has no timestamp parameter.")
    put = conn.put_record(StreamName=stream, Data=b"", PartitionKey="k", ExplicitHashKey="0")
    code, text, _ = fault_of(get, StreamName=stream, ShardId=shard(1),
                             ShardIteratorType="AT_SEQUENCE_NUMBER",
                             StartingSequenceNumber=put["SequenceNumber"])
    assert (code, text) == (
        "InvalidArgumentException",
        f"Invalid StartingSequenceNumber. It encodes {shard(0)}, while it was used in a call to a "
        f"shard with {shard(1)}")


def test_tampered_iterator(conn, stream):
    iterator = conn.get_shard_iterator(StreamName=stream, ShardId=shard(0),
                                       ShardIteratorType="LATEST")["ShardIterator"]
    for at in (0, len(iterator) // 2, len(iterator) - 6):
        other = "A" if iterator[at] != "A" else "B"
        bad = iterator[:at] + other + iterator[at + 1:]
        assert fault_of(conn.get_records, ShardIterator=bad) == (
            "InvalidArgumentException", "Invalid ShardIterator.", 400)


def test_expired_iterator_and_token():
    with ClockServer() as server:
        conn = connect(server)
        conn.create_stream(StreamName="old", ShardCount=2)
        wait_active(conn, "old")
        iterator = conn.get_shard_iterator(StreamName="old", ShardId=shard(0),
                                           ShardIteratorType="LATEST")["ShardIterator"]
        token = conn.list_shards(StreamName="old", MaxResults=1)["NextToken"]
        server.jump()
        code, text, status = fault_of(conn.get_records, ShardIterator=iterator)
        assert (code, status) == ("ExpiredIteratorException", 400)
        assert text.startswith("Iterator expired. The iterator was created at time ")
        assert fault_of(conn.list_shards, NextToken=token)[0] == "ExpiredNextTokenException"


def test_iterator_of_a_recreated_stream(conn, name):
    conn.create_stream(StreamName=name, ShardCount=1)
    wait_active(conn, name)
    conn.put_record(StreamName=name, Data=b"old", PartitionKey="k")
    iterator = conn.get_shard_iterator(StreamName=name, ShardId=shard(0),
                                       ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    conn.delete_stream(StreamName=name)
    conn.get_waiter("stream_not_exists").wait(StreamName=name,
                                              WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    conn.create_stream(StreamName=name, ShardCount=1)
    wait_active(conn, name)
    with pytest.raises(ClientError):
        conn.get_records(ShardIterator=iterator)
    assert read(conn, name, shard(0))["Records"] == []
    conn.delete_stream(StreamName=name)


def test_limit_over_10000(conn, stream):
    iterator = conn.get_shard_iterator(StreamName=stream, ShardId=shard(0),
                                       ShardIteratorType="LATEST")["ShardIterator"]
    code, text, status = fault_of(conn.get_records, ShardIterator=iterator, Limit=10001)
    assert (code, status) == ("ValidationException", 400)
    assert text == ("1 validation error detected: Value '10001' at 'limit' failed to satisfy "
                    "constraint: Member must have value less than or equal to 10000")


def test_update_shard_count_bounds():
    with Server(limits="aws") as server:
        conn = connect(server, attempts=8)
        conn.create_stream(StreamName="steps", ShardCount=3)
        conn.get_waiter("stream_exists").wait(StreamName="steps",
                                              WaiterConfig={"Delay": 1, "MaxAttempts": 10})
        for target in (7, 1, 10001):
            code, _, _ = fault_of(connect(server).update_shard_count, StreamName="steps",
                                  TargetShardCount=target, ScalingType="UNIFORM_SCALING")
            assert code in ("InvalidArgumentException", "LimitExceededException")
        conn.update_shard_count(StreamName="steps", TargetShardCount=6,
                                ScalingType="UNIFORM_SCALING")


def test_list_shards_token_with_name(conn, stream):
    token = conn.list_shards(StreamName=stream, MaxResults=1)["NextToken"]
    assert fault_of(conn.list_shards, StreamName=stream, NextToken=token) == (
        "InvalidArgumentException", "NextToken and StreamName cannot be provided together.", 400)
    assert fault_of(conn.list_shards)[:2] == (
        "InvalidArgumentException", "Either NextToken or StreamName should be provided.")


def test_write_throttle():
    with Server(limits="aws") as server:
        conn = connect(server)
        patient = connect(server, attempts=8)
        patient.create_stream(StreamName="narrow", ShardCount=1)
        patient.get_waiter("stream_exists").wait(StreamName="narrow",
                                                 WaiterConfig={"Delay": 1, "MaxAttempts": 10})
        answers = [conn.put_records(StreamName="narrow", Records=[
            {"Data": b"x", "PartitionKey": "k"}] * 500) for _ in range(5)]
        failed = [r for a in answers for r in a["Records"] if "ErrorCode" in r]
        assert sum(a["FailedRecordCount"] for a in answers) == len(failed) > 0
        assert failed[0] == {
            "ErrorCode": "ProvisionedThroughputExceededException",
            "ErrorMessage": f"Rate exceeded for shard {shard(0)} in stream narrow under account {ACCOUNT}."}
        wrote = sum(len(a["Records"]) for a in answers) - len(failed)
        page = read(patient, "narrow", shard(0))
        assert len(page["Records"]) == wrote


def test_read_throttle():
    with Server(limits="aws") as server:
        conn = connect(server)
        patient = connect(server, attempts=8)
        patient.create_stream(StreamName="narrow", ShardCount=1)
        patient.get_waiter("stream_exists").wait(StreamName="narrow",
                                                 WaiterConfig={"Delay": 1, "MaxAttempts": 10})
        iterator = patient.get_shard_iterator(StreamName="narrow", ShardId=shard(0),
                                              ShardIteratorType="LATEST")["ShardIterator"]
        with pytest.raises(conn.exceptions.ProvisionedThroughputExceededException):
            for _ in range(30):
                conn.get_records(ShardIterator=iterator)


def test_control_throttle():
    with Server(limits="aws") as server:
        conn = connect(server)
        with pytest.raises(conn.exceptions.LimitExceededException) as fault:
            for _ in range(30):
                conn.describe_limits()
        assert ACCOUNT in fault.value.response["Error"]["Message"]
        # A client that backs off, as boto3 does by default, gets through.
        assert connect(server, attempts=8).describe_limits()["OpenShardCount"] == 0


def test_wrong_secret(server):
    conn = connect(server, secret="not the secret")
    if "--auth" not in server.process.args:
        conn.list_streams()
        return
    code, text, status = fault_of(conn.list_streams)
    assert (code, status) == ("InvalidSignatureException", 400)
    assert text.startswith("The request signature we calculated does not match the signature you provided.")


def test_unknown_key(server):
    import boto3
    conn = boto3.client("kinesis", endpoint_url=server.endpoint, region_name="us-east-1",
                        aws_access_key_id="AKIDNOBODY", aws_secret_access_key="x")
    if "--auth" not in server.process.args:
        conn.list_streams()
        return
    code, text, _ = fault_of(conn.list_streams)
    assert (code, text) == ("UnrecognizedClientException",
                            "The security token included in the request is invalid.")


def test_accounts_and_regions_are_apart():
    import boto3
    with Server() as server:
        def client(key, region):
            return boto3.client("kinesis", endpoint_url=server.endpoint, region_name=region,
                                aws_access_key_id=key, aws_secret_access_key="x")
        client("111122223333", "eu-west-1").create_stream(StreamName="mine", ShardCount=1)
        found = wait_active(client("111122223333", "eu-west-1"), "mine")["StreamARN"]
        assert found == "arn:aws:kinesis:eu-west-1:111122223333:stream/mine"
        assert client("111122223333", "us-east-1").list_streams()["StreamNames"] == []
        assert client("444455556666", "eu-west-1").list_streams()["StreamNames"] == []
