"""The 13 operations of boto.kinesis.layer1.KinesisConnection, unmodified."""
import base64

import pytest

from boto.kinesis.exceptions import ResourceNotFoundException
from conftest import wait_active

TOP = 2 ** 128 - 1


def read(conn, stream, shard, kind="TRIM_HORIZON", sequence=None, **options):
    iterator = conn.get_shard_iterator(stream, shard, kind, sequence)["ShardIterator"]
    return conn.get_records(iterator, **options)


def test_create_describe_list_delete(conn):
    assert conn.create_stream("lifecycle", 3) is None
    description = wait_active(conn, "lifecycle")
    assert description["StreamName"] == "lifecycle"
    assert description["StreamARN"].endswith(":stream/lifecycle")
    assert description["HasMoreShards"] is False
    ranges = [s["HashKeyRange"] for s in description["Shards"]]
    assert [s["ShardId"] for s in description["Shards"]] == [
        "shardId-000000000000", "shardId-000000000001", "shardId-000000000002"]
    assert [r["StartingHashKey"] for r in ranges] == [str(i * (2 ** 128 // 3)) for i in range(3)]
    assert ranges[-1]["EndingHashKey"] == str(TOP)
    assert "lifecycle" in conn.list_streams()["StreamNames"]
    assert conn.delete_stream("lifecycle") is None
    with pytest.raises(ResourceNotFoundException):
        for _ in range(2000):
            conn.describe_stream("lifecycle")
    assert "lifecycle" not in conn.list_streams()["StreamNames"]


def test_describe_stream_pages(conn, stream):
    first = conn.describe_stream(stream, limit=1)["StreamDescription"]
    assert [s["ShardId"] for s in first["Shards"]] == ["shardId-000000000000"]
    assert first["HasMoreShards"] is True
    rest = conn.describe_stream(stream, limit=1, exclusive_start_shard_id="shardId-000000000000")
    assert [s["ShardId"] for s in rest["StreamDescription"]["Shards"]] == ["shardId-000000000001"]
    assert rest["StreamDescription"]["HasMoreShards"] is False


def test_list_streams_pages(conn, stream):
    names = ["page-a", "page-b", "page-c"]
    for name in names:
        conn.create_stream(name, 1)
    page = conn.list_streams(limit=2, exclusive_start_stream_name="page-")
    assert page["StreamNames"] == ["page-a", "page-b"]
    assert page["HasMoreStreams"] is True
    page = conn.list_streams(exclusive_start_stream_name="page-b")
    assert page["StreamNames"] == ["page-c"]
    assert page["HasMoreStreams"] is False
    for name in names:
        wait_active(conn, name)
        conn.delete_stream(name)


def test_tags(conn, stream):
    assert conn.add_tags_to_stream(stream, {"a": "1", "b": "2", "c": u"\u00fc \u6f22"}) is None
    assert conn.add_tags_to_stream(stream, {"b": "3"}) is None
    answer = conn.list_tags_for_stream(stream)
    assert answer["Tags"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"},
                              {"Key": "c", "Value": u"\u00fc \u6f22"}]
    assert answer["HasMoreTags"] is False
    page = conn.list_tags_for_stream(stream, exclusive_start_tag_key="a", limit=1)
    assert page == {"Tags": [{"Key": "b", "Value": "3"}], "HasMoreTags": True}
    assert conn.remove_tags_from_stream(stream, ["a", "never-there"]) is None
    assert [t["Key"] for t in conn.list_tags_for_stream(stream)["Tags"]] == ["b", "c"]


@pytest.mark.parametrize("text", ["plain", u"\u017elu\u0165ou\u010dk\u00fd \U0001f40e", ""])
def test_put_record_text(conn, stream, text):
    put = conn.put_record(stream, text, "key")
    assert sorted(put) == ["SequenceNumber", "ShardId"]
    assert len(put["SequenceNumber"]) == 56
    records = read(conn, stream, put["ShardId"])["Records"]
    assert [(r["Data"], r["PartitionKey"], r["SequenceNumber"]) for r in records] == [
        (text, "key", put["SequenceNumber"])]


def test_put_record_binary(conn, stream):
    data = bytes(bytearray(range(256)))
    encoded = base64.b64encode(data).decode("ascii")
    put = conn.put_record(stream, encoded, "key", b64_encode=False)
    conn.put_record(stream, data, "key")
    records = read(conn, stream, put["ShardId"], b64_decode=False)["Records"]
    assert [base64.b64decode(r["Data"]) for r in records] == [data, data]


def test_put_record_explicit_hash_key(conn, stream):
    low = conn.put_record(stream, "low", "key", explicit_hash_key="0")
    high = conn.put_record(stream, "high", "key", explicit_hash_key=str(TOP))
    assert low["ShardId"] == "shardId-000000000000"
    assert high["ShardId"] == "shardId-000000000001"


def test_put_record_sequence_number_for_ordering(conn, stream):
    first = conn.put_record(stream, "1", "key")
    second = conn.put_record(stream, "2", "key",
                             sequence_number_for_ordering=first["SequenceNumber"])
    assert int(second["SequenceNumber"]) > int(first["SequenceNumber"])


def test_put_records(conn, stream):
    records = [{"Data": "d%d" % i, "PartitionKey": "k%d" % i} for i in range(500)]
    records[7]["ExplicitHashKey"] = str(TOP)
    answer = conn.put_records(records, stream)
    assert answer["FailedRecordCount"] == 0
    assert len(answer["Records"]) == 500
    assert answer["Records"][7]["ShardId"] == "shardId-000000000001"
    found = []
    for shard in ("shardId-000000000000", "shardId-000000000001"):
        page = read(conn, stream, shard)
        numbers = [int(r["SequenceNumber"]) for r in page["Records"]]
        assert numbers == sorted(set(numbers))
        found += [(r["Data"], r["PartitionKey"]) for r in page["Records"]]
    assert sorted(found) == sorted(("d%d" % i, "k%d" % i) for i in range(500))


def test_iterators(conn, stream):
    puts = [conn.put_record(stream, str(i), "key") for i in range(4)]
    shard, numbers = puts[0]["ShardId"], [p["SequenceNumber"] for p in puts]

    def data(*args):
        return [r["Data"] for r in read(conn, stream, shard, *args)["Records"]]

    assert data("TRIM_HORIZON") == ["0", "1", "2", "3"]
    assert data("AT_SEQUENCE_NUMBER", numbers[1]) == ["1", "2", "3"]
    assert data("AFTER_SEQUENCE_NUMBER", numbers[1]) == ["2", "3"]
    assert data("LATEST") == []


def test_get_records_limit_and_next(conn, stream):
    puts = [conn.put_record(stream, str(i), "key") for i in range(5)]
    page = read(conn, stream, puts[0]["ShardId"], limit=2)
    assert [r["Data"] for r in page["Records"]] == ["0", "1"]
    page = conn.get_records(page["NextShardIterator"])
    assert [r["Data"] for r in page["Records"]] == ["2", "3", "4"]
    page = conn.get_records(page["NextShardIterator"])
    assert page["Records"] == [] and page["NextShardIterator"]


def test_split_and_merge(conn, stream):
    before = conn.put_record(stream, "before", "key", explicit_hash_key="5")
    middle = 2 ** 126
    assert conn.split_shard(stream, "shardId-000000000000", str(middle)) is None
    shards = wait_active(conn, stream)["Shards"]
    assert [s.get("ParentShardId") for s in shards] == [None, None, "shardId-000000000000",
                                                        "shardId-000000000000"]
    assert shards[2]["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(middle - 1)}
    assert shards[3]["HashKeyRange"]["StartingHashKey"] == str(middle)
    after = conn.put_record(stream, "after", "key", explicit_hash_key="5")
    assert after["ShardId"] == "shardId-000000000002"
    assert int(after["SequenceNumber"]) > int(before["SequenceNumber"])

    page = read(conn, stream, "shardId-000000000000")
    assert [r["Data"] for r in page["Records"]] == ["before"]
    for _ in range(5):
        if page.get("NextShardIterator") is None:
            break
        page = conn.get_records(page["NextShardIterator"])
    assert page.get("NextShardIterator") is None

    assert conn.merge_shards(stream, "shardId-000000000002", "shardId-000000000003") is None
    child = wait_active(conn, stream)["Shards"][4]
    assert child["ParentShardId"] == "shardId-000000000002"
    assert child["AdjacentParentShardId"] == "shardId-000000000003"
    assert child["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(2 ** 127 - 1)}
