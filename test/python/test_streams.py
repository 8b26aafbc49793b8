"""Streams, shards, tags and retention through boto3."""
import pytest

from conftest import read, shard, wait_active

TOP = 2**128 - 1
MIDDLE = 2**127
FAST = {"Delay": 1, "MaxAttempts": 10}


def test_waiters_and_summary(conn, name):
    conn.create_stream(StreamName=name, ShardCount=3)
    conn.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig=FAST)
    summary = conn.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["StreamStatus"] == "ACTIVE"
    assert summary["OpenShardCount"] == 3
    assert summary["ConsumerCount"] == 0
    assert summary["RetentionPeriodHours"] == 24
    assert summary["EncryptionType"] == "NONE"
    assert summary["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert summary["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}]
    assert "StreamId" not in summary
    conn.delete_stream(StreamName=name)
    conn.get_waiter("stream_not_exists").wait(StreamName=name, WaiterConfig=FAST)


def test_create_on_demand_by_default(conn, name):
    conn.create_stream(StreamName=name)
    description = wait_active(conn, name)
    assert description["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert len(description["Shards"]) == 4
    conn.delete_stream(StreamName=name)


def test_create_with_tags(conn, name):
    conn.create_stream(StreamName=name, ShardCount=1, Tags={"team": "mill"})
    wait_active(conn, name)
    assert conn.list_tags_for_stream(StreamName=name)["Tags"] == [{"Key": "team", "Value": "mill"}]
    conn.delete_stream(StreamName=name)


def test_describe_stream(conn, stream):
    description = conn.describe_stream(StreamName=stream)["StreamDescription"]
    assert description["StreamARN"] == f"arn:aws:kinesis:us-east-1:000000000000:stream/{stream}"
    assert description["StreamCreationTimestamp"].year >= 2024
    assert description["RetentionPeriodHours"] == 24
    assert [s["HashKeyRange"] for s in description["Shards"]] == [
        {"StartingHashKey": "0", "EndingHashKey": str(MIDDLE - 1)},
        {"StartingHashKey": str(MIDDLE), "EndingHashKey": str(TOP)}]
    for each in description["Shards"]:
        assert sorted(each["SequenceNumberRange"]) == ["StartingSequenceNumber"]
        assert len(each["SequenceNumberRange"]["StartingSequenceNumber"]) == 56


def test_paginators(conn, name):
    conn.create_stream(StreamName=name, ShardCount=7)
    wait_active(conn, name)
    pages = list(conn.get_paginator("describe_stream").paginate(
        StreamName=name, PaginationConfig={"PageSize": 3}))
    assert [len(p["StreamDescription"]["Shards"]) for p in pages] == [3, 3, 1]
    # The paginator sends its first arguments again beside NextToken, which the
    # service refuses of a name and takes of an ARN.
    pages = list(conn.get_paginator("list_shards").paginate(
        StreamARN=pages[0]["StreamDescription"]["StreamARN"], PaginationConfig={"PageSize": 2}))
    assert [s["ShardId"] for p in pages for s in p["Shards"]] == [shard(i) for i in range(7)]
    assert len(pages) == 4
    names = [f"{name}-{i}" for i in range(5)]
    for each in names:
        conn.create_stream(StreamName=each, ShardCount=1)
    found = [n for p in conn.get_paginator("list_streams").paginate(
        PaginationConfig={"PageSize": 2}) for n in p["StreamNames"]]
    assert found == sorted(found)
    assert set(names) <= set(found)
    for each in names + [name]:
        wait_active(conn, each)
        conn.delete_stream(StreamName=each)


def test_list_streams_summaries(conn, stream):
    answer = conn.list_streams(ExclusiveStartStreamName=stream[:-1], Limit=1)
    assert [s["StreamName"] for s in answer["StreamSummaries"]] == answer["StreamNames"]
    assert sorted(answer["StreamSummaries"][0]) == [
        "StreamARN", "StreamCreationTimestamp", "StreamModeDetails", "StreamName", "StreamStatus"]


def test_split_and_merge_lineage(conn, stream):
    put = conn.put_record(StreamName=stream, Data=b"old", PartitionKey="k", ExplicitHashKey="0")
    conn.split_shard(StreamName=stream, ShardToSplit=shard(0), NewStartingHashKey="1000")
    shards = wait_active(conn, stream)["Shards"]
    parent, low, high = shards[0], shards[2], shards[3]
    assert low["ParentShardId"] == high["ParentShardId"] == shard(0)
    assert "AdjacentParentShardId" not in low
    assert low["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": "999"}
    assert high["HashKeyRange"] == {"StartingHashKey": "1000", "EndingHashKey": str(MIDDLE - 1)}
    end = int(parent["SequenceNumberRange"]["EndingSequenceNumber"])
    assert end > int(put["SequenceNumber"])
    for child in (low, high):
        assert int(child["SequenceNumberRange"]["StartingSequenceNumber"]) > end

    page = read(conn, stream, shard(0))
    assert [r["Data"] for r in page["Records"]] == [b"old"]
    while page.get("NextShardIterator"):
        page = conn.get_records(ShardIterator=page["NextShardIterator"])
    assert [(c["ShardId"], c["ParentShards"]) for c in page["ChildShards"]] == [
        (shard(2), [shard(0)]), (shard(3), [shard(0)])]
    assert page["ChildShards"][0]["HashKeyRange"] == low["HashKeyRange"]

    conn.merge_shards(StreamName=stream, ShardToMerge=shard(2), AdjacentShardToMerge=shard(3))
    child = wait_active(conn, stream)["Shards"][4]
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (shard(2), shard(3))
    assert child["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(MIDDLE - 1)}
    page = read(conn, stream, shard(2))
    while page.get("NextShardIterator"):
        page = conn.get_records(ShardIterator=page["NextShardIterator"])
    assert [sorted(c["ParentShards"]) for c in page["ChildShards"]] == [[shard(2), shard(3)]]


def ids(answer):
    return [s["ShardId"] for s in answer["Shards"]]


def test_list_shards_filters(conn, stream):
    conn.split_shard(StreamName=stream, ShardToSplit=shard(0), NewStartingHashKey="1000")
    description = wait_active(conn, stream)
    every = [shard(i) for i in range(4)]
    born = description["StreamCreationTimestamp"]

    def filtered(**shard_filter):
        return ids(conn.list_shards(StreamName=stream, ShardFilter=shard_filter))

    assert ids(conn.list_shards(StreamName=stream)) == every
    assert filtered(Type="FROM_TRIM_HORIZON") == every
    assert filtered(Type="AT_TRIM_HORIZON") == [shard(0), shard(1)]
    assert filtered(Type="AT_LATEST") == every[1:]
    assert filtered(Type="AFTER_SHARD_ID", ShardId=shard(1)) == every[2:]
    assert filtered(Type="FROM_TIMESTAMP", Timestamp=born) == every
    assert shard(1) in filtered(Type="AT_TIMESTAMP", Timestamp=born)
    assert ids(conn.list_shards(StreamName=stream, ExclusiveStartShardId=shard(2))) == every[3:]
    first = conn.list_shards(StreamName=stream, MaxResults=3)
    assert ids(first) == every[:3]
    rest = conn.list_shards(NextToken=first["NextToken"], MaxResults=3)
    assert ids(rest) == every[3:]
    assert "NextToken" not in rest


def test_update_shard_count(conn, stream):
    arn = conn.describe_stream(StreamName=stream)["StreamDescription"]["StreamARN"]
    answer = conn.update_shard_count(StreamName=stream, TargetShardCount=4,
                                     ScalingType="UNIFORM_SCALING")
    answer.pop("ResponseMetadata")
    assert answer == {"StreamName": stream, "StreamARN": arn, "CurrentShardCount": 2,
                      "TargetShardCount": 4}
    wait_active(conn, stream)
    open_shards = conn.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    ranges = sorted((int(s["HashKeyRange"]["StartingHashKey"]),
                     int(s["HashKeyRange"]["EndingHashKey"])) for s in open_shards)
    assert len(ranges) == 4
    assert ranges[0][0] == 0 and ranges[-1][1] == TOP
    for (_, end), (start, _) in zip(ranges, ranges[1:]):
        assert start == end + 1
    conn.update_shard_count(StreamName=stream, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    wait_active(conn, stream)
    assert conn.describe_stream_summary(
        StreamName=stream)["StreamDescriptionSummary"]["OpenShardCount"] == 3


def test_retention(conn, stream):
    def hours():
        return wait_active(conn, stream)["RetentionPeriodHours"]

    conn.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=24)
    assert hours() == 24
    conn.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=8760)
    assert hours() == 8760
    conn.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=8760)
    conn.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=25)
    assert hours() == 25
    for call, value in ((conn.increase_stream_retention_period, 8761),
                        (conn.increase_stream_retention_period, 24),
                        (conn.decrease_stream_retention_period, 23),
                        (conn.decrease_stream_retention_period, 26)):
        with pytest.raises(conn.exceptions.InvalidArgumentException):
            call(StreamName=stream, RetentionPeriodHours=value)
    assert hours() == 25


def test_tags(conn, stream):
    tags = {f"key-{i:02d}": str(i) for i in range(50)}
    conn.add_tags_to_stream(StreamName=stream, Tags=tags)
    with pytest.raises(conn.exceptions.InvalidArgumentException):
        conn.add_tags_to_stream(StreamName=stream, Tags={"one-too-many": ""})
    page = conn.list_tags_for_stream(StreamName=stream, Limit=20)
    assert page["HasMoreTags"] is True
    assert [t["Key"] for t in page["Tags"]] == sorted(tags)[:20]
    page = conn.list_tags_for_stream(StreamName=stream, ExclusiveStartTagKey="key-44")
    assert [t["Key"] for t in page["Tags"]] == sorted(tags)[45:]
    conn.remove_tags_from_stream(StreamName=stream, TagKeys=["key-00", "not-there"])
    conn.add_tags_to_stream(StreamName=stream, Tags={"key-01": "anew", "été": "水"})
    found = {t["Key"]: t["Value"] for t in conn.list_tags_for_stream(StreamName=stream)["Tags"]}
    assert found["key-01"] == "anew" and found["été"] == "水" and "key-00" not in found


def test_describe_limits(conn, stream):
    limits = conn.describe_limits()
    assert limits["OpenShardCount"] >= 2
    assert limits["ShardLimit"] > 0
    assert {"OnDemandStreamCount", "OnDemandStreamCountLimit"} <= set(limits)


def test_stream_arn_everywhere(conn, stream):
    arn = conn.describe_stream(StreamName=stream)["StreamDescription"]["StreamARN"]
    assert conn.describe_stream(StreamARN=arn)["StreamDescription"]["StreamName"] == stream
    both = conn.describe_stream_summary(StreamARN=arn, StreamName=stream)
    assert both["StreamDescriptionSummary"]["StreamARN"] == arn
    conn.add_tags_to_stream(StreamARN=arn, Tags={"a": "b"})
    assert conn.list_tags_for_stream(StreamARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    conn.remove_tags_from_stream(StreamARN=arn, TagKeys=["a"])
    put = conn.put_record(StreamARN=arn, Data=b"1", PartitionKey="k", ExplicitHashKey="0")
    assert conn.put_records(StreamARN=arn, Records=[
        {"Data": b"2", "PartitionKey": "k", "ExplicitHashKey": "0"}])["FailedRecordCount"] == 0
    iterator = conn.get_shard_iterator(StreamARN=arn, ShardId=put["ShardId"],
                                       ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    page = conn.get_records(StreamARN=arn, ShardIterator=iterator)
    assert [r["Data"] for r in page["Records"]] == [b"1", b"2"]
    conn.split_shard(StreamARN=arn, ShardToSplit=shard(0), NewStartingHashKey="77")
    wait_active(conn, stream)
    conn.merge_shards(StreamARN=arn, ShardToMerge=shard(2), AdjacentShardToMerge=shard(3))
    wait_active(conn, stream)
    conn.increase_stream_retention_period(StreamARN=arn, RetentionPeriodHours=48)
    wait_active(conn, stream)
    conn.decrease_stream_retention_period(StreamARN=arn, RetentionPeriodHours=24)
    wait_active(conn, stream)
    assert len(ids(conn.list_shards(StreamARN=arn))) == 5
    answer = conn.update_shard_count(StreamARN=arn, TargetShardCount=4,
                                     ScalingType="UNIFORM_SCALING")
    assert answer["StreamName"] == stream
    wait_active(conn, stream)


def test_delete_by_arn(conn, name):
    conn.create_stream(StreamName=name, ShardCount=1)
    arn = wait_active(conn, name)["StreamARN"]
    conn.delete_stream(StreamARN=arn, EnforceConsumerDeletion=True)
    conn.get_waiter("stream_not_exists").wait(StreamName=name, WaiterConfig=FAST)
