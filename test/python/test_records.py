"""Writing and reading records through boto3."""
import datetime
import hashlib
import time

import pytest

from conftest import read, shard

MIB = 1 << 20


def owner(conn, stream, key):
    """The open shard whose range holds the MD5 of the partition key."""
    number = int(hashlib.md5(key.encode()).hexdigest(), 16)
    for each in conn.describe_stream(StreamName=stream)["StreamDescription"]["Shards"]:
        hash_range = each["HashKeyRange"]
        if int(hash_range["StartingHashKey"]) <= number <= int(hash_range["EndingHashKey"]):
            return each["ShardId"]
    raise AssertionError("no shard owns " + key)


@pytest.mark.parametrize("key", ["a", "ключ", "鍵" * 256, "\U0001f40e" * 256, 'quo"te\\', "\x01\t", "k" * 256])
def test_put_record_keys(conn, stream, key):
    put = conn.put_record(StreamName=stream, Data=b"\x00\xff", PartitionKey=key)
    assert put["ShardId"] == owner(conn, stream, key)
    records = read(conn, stream, put["ShardId"])["Records"]
    assert [(r["PartitionKey"], r["Data"]) for r in records] == [(key, b"\x00\xff")]
    assert abs(records[0]["ApproximateArrivalTimestamp"].timestamp() - time.time()) < 60


@pytest.mark.parametrize("size", [0, 1, 2, 3, 1000, MIB - 1])
def test_put_record_sizes(conn, stream, size):
    data = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    put = conn.put_record(StreamName=stream, Data=data, PartitionKey="k")
    assert read(conn, stream, put["ShardId"])["Records"][0]["Data"] == data


def test_put_record_over_the_record_size(conn, stream):
    """Data and partition key together may take 1 MiB."""
    conn.put_record(StreamName=stream, Data=b"x" * (MIB - 4), PartitionKey="four")
    with pytest.raises(conn.exceptions.ClientError) as fault:
        conn.put_record(StreamName=stream, Data=b"x" * (MIB - 3), PartitionKey="four")
    assert fault.value.response["Error"]["Code"] in (
        "ValidationException", "InvalidArgumentException")


def test_put_records_500(conn, stream):
    records = [{"Data": b"%d" % i, "PartitionKey": f"k{i % 7}"} for i in range(500)]
    answer = conn.put_records(StreamName=stream, Records=records)
    assert answer["FailedRecordCount"] == 0
    assert [r["ShardId"] for r in answer["Records"]] == [
        owner(conn, stream, f"k{i}") for i in range(7)] * 71 + [
        owner(conn, stream, f"k{i}") for i in range(3)]
    numbers = [int(r["SequenceNumber"]) for r in answer["Records"]]
    assert len(set(numbers)) == 500
    found = []
    for number in (0, 1):
        page = read(conn, stream, shard(number))["Records"]
        # Within a shard, records of one call keep the order of the call.
        indexes = [int(r["Data"]) for r in page]
        assert indexes == sorted(indexes)
        assert [int(r["SequenceNumber"]) for r in page] == [numbers[i] for i in indexes]
        found += indexes
    assert sorted(found) == list(range(500))


def test_put_records_10_mib(conn, stream):
    records = [{"Data": bytes([i]) * (MIB - 64), "PartitionKey": f"k{i}"} for i in range(10)]
    assert conn.put_records(StreamName=stream, Records=records)["FailedRecordCount"] == 0
    found = set()
    for number in (0, 1):
        page = read(conn, stream, shard(number))
        while page["Records"]:
            for record in page["Records"]:
                assert len(record["Data"]) == MIB - 64
                found.add(record["Data"][0])
            page = conn.get_records(ShardIterator=page["NextShardIterator"])
    assert found == set(range(10))


def test_put_records_too_much(conn, stream):
    with pytest.raises(conn.exceptions.ClientError) as fault:
        conn.put_records(StreamName=stream, Records=[{"Data": b"", "PartitionKey": "k"}] * 501)
    assert fault.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(conn.exceptions.InvalidArgumentException):
        conn.put_records(StreamName=stream, Records=[
            {"Data": b"x" * (MIB - 16), "PartitionKey": "k"}] * 11)
    for number in (0, 1):
        assert read(conn, stream, shard(number))["Records"] == []


def test_iterator_types(conn, stream):
    puts = [conn.put_record(StreamName=stream, Data=b"%d" % i, PartitionKey="k") for i in range(3)]
    shard_id, numbers = puts[0]["ShardId"], [p["SequenceNumber"] for p in puts]
    time.sleep(0.05)
    border = datetime.datetime.now(datetime.timezone.utc)
    time.sleep(0.05)
    conn.put_record(StreamName=stream, Data=b"3", PartitionKey="k")

    def data(kind, **start):
        return [int(r["Data"]) for r in read(conn, stream, shard_id, kind, **start)["Records"]]

    assert data("TRIM_HORIZON") == [0, 1, 2, 3]
    assert data("LATEST") == []
    assert data("AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]) == [1, 2, 3]
    assert data("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]) == [2, 3]
    assert data("AT_TIMESTAMP", Timestamp=border) == [3]
    assert data("AT_TIMESTAMP", Timestamp=border - datetime.timedelta(days=365)) == [0, 1, 2, 3]
    description = conn.describe_stream(StreamName=stream)["StreamDescription"]
    start = next(s for s in description["Shards"] if s["ShardId"] == shard_id)
    start = start["SequenceNumberRange"]["StartingSequenceNumber"]
    assert data("AT_SEQUENCE_NUMBER", StartingSequenceNumber=start) == [0, 1, 2, 3]
    assert data("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=start) == [0, 1, 2, 3]


def test_latest_sees_what_comes_after(conn, stream):
    put = conn.put_record(StreamName=stream, Data=b"before", PartitionKey="k")
    page = read(conn, stream, put["ShardId"], "LATEST")
    assert page["Records"] == [] and page["MillisBehindLatest"] == 0
    conn.put_record(StreamName=stream, Data=b"after", PartitionKey="k")
    page = conn.get_records(ShardIterator=page["NextShardIterator"])
    assert [r["Data"] for r in page["Records"]] == [b"after"]


def test_paging_and_iterators_differ(conn, stream):
    answer = conn.put_records(StreamName=stream, Records=[
        {"Data": b"%d" % i, "PartitionKey": "k"} for i in range(25)])
    page = read(conn, stream, answer["Records"][0]["ShardId"], limit=10)
    sizes, iterators = [], set()
    for _ in range(4):
        sizes.append(len(page["Records"]))
        iterators.add(page["NextShardIterator"])
        assert len(page["NextShardIterator"]) <= 512
        page = conn.get_records(ShardIterator=page["NextShardIterator"], Limit=10)
    assert sizes == [10, 10, 5, 0]
    assert len(iterators) == 4


def test_millis_behind_latest(conn, stream):
    put = conn.put_record(StreamName=stream, Data=b"1", PartitionKey="k")
    time.sleep(0.2)
    conn.put_record(StreamName=stream, Data=b"2", PartitionKey="k")
    first = read(conn, stream, put["ShardId"], limit=1)
    assert 100 <= first["MillisBehindLatest"] < 60000
    assert conn.get_records(ShardIterator=first["NextShardIterator"])["MillisBehindLatest"] == 0


def test_sequence_number_for_ordering(conn, stream):
    last = conn.put_record(StreamName=stream, Data=b"0", PartitionKey="k")["SequenceNumber"]
    for i in range(5):
        put = conn.put_record(StreamName=stream, Data=b"%d" % i, PartitionKey="k",
                              SequenceNumberForOrdering=last)
        assert int(put["SequenceNumber"]) > int(last)
        last = put["SequenceNumber"]
    with pytest.raises(conn.exceptions.InvalidArgumentException):
        conn.put_record(StreamName=stream, Data=b"", PartitionKey="k",
                        SequenceNumberForOrdering="9" * 56)


def test_explicit_hash_key(conn, stream):
    for key, owner_number in (("0", 0), (str(2**127 - 1), 0), (str(2**127), 1), (str(2**128 - 1), 1)):
        put = conn.put_record(StreamName=stream, Data=b"", PartitionKey="k", ExplicitHashKey=key)
        assert put["ShardId"] == shard(owner_number)
    with pytest.raises(conn.exceptions.InvalidArgumentException) as fault:
        conn.put_record(StreamName=stream, Data=b"", PartitionKey="k", ExplicitHashKey=str(2**128))
    assert fault.value.response["Error"]["Message"] == (
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
        f"Specified value was {2**128}")
