"""Registered consumers and SubscribeToShard through boto3."""
import time

import pytest
from botocore.exceptions import EventStreamError

from conftest import shard


def consumer(conn, stream, name, **options):
    """The ARN of an ACTIVE consumer, and that of its stream."""
    stream_arn = conn.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    made = conn.register_stream_consumer(StreamARN=stream_arn, ConsumerName=name, **options)["Consumer"]
    assert made["ConsumerStatus"] == "CREATING"
    for _ in range(2000):
        described = conn.describe_stream_consumer(ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]
        if described["ConsumerStatus"] == "ACTIVE":
            return made["ConsumerARN"], stream_arn
        time.sleep(0.002)
    raise AssertionError(f"{name} is {described['ConsumerStatus']}")


@pytest.fixture
def fanout(conn, name):
    """The name of a stream of one shard, deleted afterwards with its consumers."""
    conn.create_stream(StreamName=name, ShardCount=1)
    for _ in range(2000):
        if conn.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE":
            break
        time.sleep(0.002)
    yield name
    conn.delete_stream(StreamName=name, EnforceConsumerDeletion=True)


def subscribe(conn, arn, kind="TRIM_HORIZON", shard_id=shard(0), **start):
    """An open stream of events."""
    return conn.subscribe_to_shard(ConsumerARN=arn, ShardId=shard_id,
                                   StartingPosition={"Type": kind, **start})["EventStream"]


def take(events, count):
    """Data of the next records, and the event that had the last of them."""
    data = []
    while len(data) < count:
        event = next(events)["SubscribeToShardEvent"]
        data += [r["Data"] for r in event["Records"]]
    return data, event


def test_consumer_life(conn, fanout):
    arn, stream_arn = consumer(conn, fanout, "c", Tags={"team": "blue"})
    described = conn.describe_stream_consumer(StreamARN=stream_arn, ConsumerName="c")["ConsumerDescription"]
    assert described["ConsumerARN"] == arn and described["StreamARN"] == stream_arn
    assert arn == f"{stream_arn}/consumer/c:{int(described['ConsumerCreationTimestamp'].timestamp())}"
    assert conn.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "blue"}]
    conn.tag_resource(ResourceARN=arn, Tags={"team": "red", "a": "b"})
    conn.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert conn.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "red"}]
    conn.tag_resource(ResourceARN=stream_arn, Tags={"of": "stream"})
    assert conn.list_tags_for_stream(StreamName=fanout)["Tags"] == [{"Key": "of", "Value": "stream"}]
    with pytest.raises(conn.exceptions.ResourceInUseException):
        conn.register_stream_consumer(StreamARN=stream_arn, ConsumerName="c")
    assert conn.describe_stream_summary(StreamName=fanout)["StreamDescriptionSummary"]["ConsumerCount"] == 1
    with pytest.raises(conn.exceptions.ResourceInUseException):
        conn.delete_stream(StreamName=fanout)
    conn.deregister_stream_consumer(ConsumerARN=arn)
    with pytest.raises(conn.exceptions.ResourceNotFoundException):
        for _ in range(2000):
            conn.describe_stream_consumer(ConsumerARN=arn)
            time.sleep(0.002)


def test_list_stream_consumers(conn, fanout):
    stream_arn = conn.describe_stream_summary(StreamName=fanout)["StreamDescriptionSummary"]["StreamARN"]
    names = [f"c{i:02}" for i in range(12)]
    for each in names:
        conn.register_stream_consumer(StreamARN=stream_arn, ConsumerName=each)
    pages = list(conn.get_paginator("list_stream_consumers").paginate(
        StreamARN=stream_arn, PaginationConfig={"PageSize": 5}))
    assert [len(p["Consumers"]) for p in pages] == [5, 5, 2]
    assert [c["ConsumerName"] for p in pages for c in p["Consumers"]] == names


def test_subscribe(conn, fanout):
    arn, _ = consumer(conn, fanout, "c")
    first = conn.put_record(StreamName=fanout, PartitionKey="k", Data=b"\x00\xff")
    stream = subscribe(conn, arn)
    events = iter(stream)
    data, event = take(events, 1)
    assert data == [b"\x00\xff"]
    assert event["Records"][0]["SequenceNumber"] == first["SequenceNumber"] == event["ContinuationSequenceNumber"]
    assert event["MillisBehindLatest"] == 0 and "ChildShards" not in event
    with pytest.raises(conn.exceptions.ResourceInUseException, match="Another active subscription"):
        subscribe(conn, arn)
    conn.put_record(StreamName=fanout, PartitionKey="k", Data=b"pushed")
    assert take(events, 1)[0] == [b"pushed"]
    stream.close()
    other, _ = consumer(conn, fanout, "d")
    stream = subscribe(conn, other, "AFTER_SEQUENCE_NUMBER", SequenceNumber=first["SequenceNumber"])
    assert take(iter(stream), 1)[0] == [b"pushed"]
    stream.close()


def test_subscription_ends_with_its_shard(conn, fanout):
    arn, _ = consumer(conn, fanout, "c")
    conn.put_record(StreamName=fanout, PartitionKey="k", Data=b"x")
    events = iter(subscribe(conn, arn))
    take(events, 1)
    conn.split_shard(StreamName=fanout, ShardToSplit=shard(0), NewStartingHashKey=str(1 << 127))
    rest = [e["SubscribeToShardEvent"] for e in events]
    assert "ContinuationSequenceNumber" not in rest[-1] and not rest[-1]["Records"]
    assert [(c["ShardId"], c["ParentShards"]) for c in rest[-1]["ChildShards"]] == [(shard(1), [shard(0)]), (shard(2), [shard(0)])]


def test_subscription_of_a_stream_that_is_deleted(conn, name):
    conn.create_stream(StreamName=name, ShardCount=1)
    for _ in range(2000):
        if conn.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE":
            break
        time.sleep(0.002)
    arn, _ = consumer(conn, name, "c")
    events = iter(subscribe(conn, arn, "LATEST"))
    next(events)
    conn.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
    with pytest.raises(EventStreamError, match="ResourceNotFoundException"):
        next(events)


def test_subscription_of_a_consumer_that_is_deregistered(conn, fanout):
    arn, _ = consumer(conn, fanout, "c")
    events = iter(subscribe(conn, arn, "LATEST"))
    next(events)
    conn.deregister_stream_consumer(ConsumerARN=arn)
    assert not list(events)
