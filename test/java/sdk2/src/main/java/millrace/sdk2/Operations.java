package millrace.sdk2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.model.Consumer;
import software.amazon.awssdk.services.kinesis.model.ConsumerDescription;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.InvalidArgumentException;
import software.amazon.awssdk.services.kinesis.model.KinesisException;
import software.amazon.awssdk.services.kinesis.model.ListShardsResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.ResourceInUseException;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.ScalingType;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardFilterType;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamDescription;
import software.amazon.awssdk.services.kinesis.model.StreamDescriptionSummary;
import software.amazon.awssdk.services.kinesis.model.StreamMode;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import software.amazon.awssdk.services.kinesis.model.Tag;
import software.amazon.awssdk.services.kinesis.waiters.KinesisWaiter;

/** Streams, shards, records and tags through the client of a concrete suite. */
abstract class Operations extends Suite {
  private static final BigInteger TOP = BigInteger.ONE.shiftLeft(128).subtract(BigInteger.ONE);

  Operations(String endpoint) {
    super(endpoint);
  }

  @Test
  void lifeOfAStream() {
    String name = name();
    Instant before = Instant.now();
    client.createStream(r -> r.streamName(name).shardCount(3).tags(Map.of("team", "mill")));
    try (KinesisWaiter waiter = waiter()) {
      waiter.waitUntilStreamExists(r -> r.streamName(name));
      StreamDescriptionSummary summary =
          client.describeStreamSummary(r -> r.streamName(name)).streamDescriptionSummary();
      assertEquals(StreamStatus.ACTIVE, summary.streamStatus());
      assertEquals(3, summary.openShardCount());
      assertEquals(24, summary.retentionPeriodHours());
      assertEquals(StreamMode.PROVISIONED, summary.streamModeDetails().streamMode());
      assertEquals(0, summary.consumerCount());
      assertNull(summary.streamId(), "a StreamId sends later calls to AWS");
      assertClose(before, summary.streamCreationTimestamp());
      assertTrue(client.listStreams().streamNames().contains(name));
      client.deleteStream(r -> r.streamName(name));
      waiter.waitUntilStreamNotExists(r -> r.streamName(name));
    }
  }

  @Test
  void everyByteAndTheTime() {
    String name = stream(1);
    byte[] every = new byte[256 * 64];
    for (int i = 0; i < every.length; i++) {
      every[i] = (byte) i;
    }
    Instant before = Instant.now();
    PutRecordResponse put = client.putRecord(r -> r.streamName(name).partitionKey("ключ 鍵 🐎")
        .data(SdkBytes.fromByteArray(every)));
    client.putRecord(r -> r.streamName(name).partitionKey("empty").data(SdkBytes.fromByteArray(new byte[0])));
    GetRecordsResponse page = read(name, 0);
    assertEquals(2, page.records().size());
    assertArrayEquals(every, page.records().get(0).data().asByteArray());
    assertEquals("ключ 鍵 🐎", page.records().get(0).partitionKey());
    assertEquals(put.sequenceNumber(), page.records().get(0).sequenceNumber());
    assertClose(before, page.records().get(0).approximateArrivalTimestamp());
    assertEquals(0, page.records().get(1).data().asByteArray().length);
    assertEquals(0L, page.millisBehindLatest());
    assertFalse(page.hasChildShards());
  }

  @Test
  void aRecordOfOneMebibyte() {
    String name = stream(1);
    byte[] data = new byte[(1 << 20) - 1];
    Arrays.fill(data, (byte) 0xC3);
    client.putRecord(r -> r.streamName(name).partitionKey("k").data(SdkBytes.fromByteArray(data)));
    assertArrayEquals(data, read(name, 0).records().get(0).data().asByteArray());
  }

  @Test
  void manyRecordsInOneCall() {
    String name = stream(2);
    List<PutRecordsRequestEntry> entries = IntStream.range(0, 500).mapToObj(i -> PutRecordsRequestEntry.builder()
        .data(SdkBytes.fromUtf8String("" + i)).partitionKey("k" + i % 7)
        .explicitHashKey(i % 2 == 0 ? "0" : TOP.toString()).build()).toList();
    PutRecordsResponse answer = client.putRecords(r -> r.streamName(name).records(entries));
    assertEquals(0, answer.failedRecordCount());
    assertEquals(500, answer.records().size());
    for (int parity = 0; parity < 2; parity++) {
      int odd = parity;
      List<String> wanted =
          IntStream.range(0, 500).filter(i -> i % 2 == odd).mapToObj(Integer::toString).toList();
      assertEquals(wanted, texts(read(name, parity)));
    }
  }

  @Test
  void everyKindOfIterator() throws InterruptedException {
    String name = stream(1);
    List<String> numbers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      String text = "" + i;
      numbers.add(client.putRecord(r -> r.streamName(name).partitionKey("k")
          .data(SdkBytes.fromUtf8String(text))).sequenceNumber());
    }
    Thread.sleep(30);
    Instant border = Instant.now();
    Thread.sleep(30);
    client.putRecord(r -> r.streamName(name).partitionKey("k").data(SdkBytes.fromUtf8String("3")));
    assertEquals(List.of("0", "1", "2", "3"), texts(read(name, 0)));
    for (var want : Map.of(ShardIteratorType.AT_SEQUENCE_NUMBER, List.of("1", "2", "3"),
        ShardIteratorType.AFTER_SEQUENCE_NUMBER, List.of("2", "3")).entrySet()) {
      String iterator = client.getShardIterator(r -> r.streamName(name).shardId(shard(0))
          .shardIteratorType(want.getKey()).startingSequenceNumber(numbers.get(1))).shardIterator();
      assertEquals(want.getValue(), texts(client.getRecords(r -> r.shardIterator(iterator))));
    }
    String at = client.getShardIterator(r -> r.streamName(name).shardId(shard(0))
        .shardIteratorType(ShardIteratorType.AT_TIMESTAMP).timestamp(border)).shardIterator();
    assertEquals(List.of("3"), texts(client.getRecords(r -> r.shardIterator(at))));
    String latest = iterator(name, 0, ShardIteratorType.LATEST);
    client.putRecord(r -> r.streamName(name).partitionKey("k").data(SdkBytes.fromUtf8String("4")));
    assertEquals(List.of("4"), texts(client.getRecords(r -> r.shardIterator(latest))));
  }

  @Test
  void pagesOfRecords() {
    String name = stream(1);
    client.putRecords(r -> r.streamName(name).records(IntStream.range(0, 25).mapToObj(i ->
        PutRecordsRequestEntry.builder().data(SdkBytes.fromUtf8String("" + i)).partitionKey("k").build()).toList()));
    String next = iterator(name, 0, ShardIteratorType.TRIM_HORIZON);
    List<Integer> sizes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String iterator = next;
      GetRecordsResponse page = client.getRecords(r -> r.shardIterator(iterator).limit(10));
      sizes.add(page.records().size());
      next = page.nextShardIterator();
    }
    assertEquals(List.of(10, 10, 5, 0), sizes);
  }

  @Test
  void splitMergeAndRead() {
    String name = stream(1);
    client.putRecord(r -> r.streamName(name).partitionKey("k").data(SdkBytes.fromUtf8String("old")));
    client.splitShard(r -> r.streamName(name).shardToSplit(shard(0)).newStartingHashKey("1000"));
    List<Shard> shards = active(name).shards();
    assertEquals("999", shards.get(1).hashKeyRange().endingHashKey());
    assertEquals(shard(0), shards.get(2).parentShardId());
    client.mergeShards(r -> r.streamName(name).shardToMerge(shard(1)).adjacentShardToMerge(shard(2)));
    shards = active(name).shards();
    assertEquals(4, shards.size());
    assertEquals(shard(1), shards.get(3).parentShardId());
    assertEquals(shard(2), shards.get(3).adjacentParentShardId());
    GetRecordsResponse page = read(name, 0);
    assertEquals(List.of("old"), texts(page));
    while (page.nextShardIterator() != null) {
      String next = page.nextShardIterator();
      page = client.getRecords(r -> r.shardIterator(next));
    }
    assertEquals(List.of(shard(1), shard(2)), page.childShards().stream().map(c -> c.shardId()).toList());
    assertEquals(List.of(shard(0)), page.childShards().get(0).parentShards());
    assertEquals("1000", page.childShards().get(1).hashKeyRange().startingHashKey());
  }

  @Test
  void shardCount() {
    String name = stream(2);
    var answer = client.updateShardCount(r -> r.streamName(name).targetShardCount(4)
        .scalingType(ScalingType.UNIFORM_SCALING));
    assertEquals(name, answer.streamName());
    assertEquals(2, answer.currentShardCount());
    assertEquals(4, answer.targetShardCount());
    active(name);
    assertEquals(4, client.describeStreamSummary(r -> r.streamName(name)).streamDescriptionSummary().openShardCount());
    assertTrue(client.describeLimits().openShardCount() >= 4);
  }

  @Test
  void listsInPages() {
    List<String> names = List.of(stream(7), stream(1), stream(1));
    List<String> found = new ArrayList<>();
    client.listStreamsPaginator(r -> r.limit(2)).forEach(page -> found.addAll(page.streamNames()));
    assertEquals(new ArrayList<>(new TreeSet<>(found)), found);
    assertTrue(found.containsAll(names));
    List<String> shards = new ArrayList<>();
    ListShardsResponse page = client.listShards(r -> r.streamName(names.get(0)).maxResults(3));
    page.shards().forEach(s -> shards.add(s.shardId()));
    while (page.nextToken() != null) {
      String token = page.nextToken();
      page = client.listShards(r -> r.nextToken(token).maxResults(3));
      page.shards().forEach(s -> shards.add(s.shardId()));
    }
    assertEquals(IntStream.range(0, 7).mapToObj(Suite::shard).toList(), shards);
    StreamDescription part = client.describeStream(r -> r.streamName(names.get(0)).limit(2)).streamDescription();
    assertTrue(part.hasMoreShards());
    assertEquals(2, part.shards().size());
    assertEquals(7, client.listShards(r -> r.streamName(names.get(0))
        .shardFilter(f -> f.type(ShardFilterType.AT_LATEST))).shards().size());
  }

  @Test
  void tagsOfAStream() {
    String name = stream(1);
    client.addTagsToStream(r -> r.streamName(name).tags(Map.of("a", "1", "b", "2", "c", "")));
    client.removeTagsFromStream(r -> r.streamName(name).tagKeys("b"));
    List<Tag> tags = client.listTagsForStream(r -> r.streamName(name)).tags();
    assertEquals(List.of(Tag.builder().key("a").value("1").build(), Tag.builder().key("c").value("").build()), tags);
  }

  @Test
  void retention() {
    String name = stream(1);
    client.increaseStreamRetentionPeriod(r -> r.streamName(name).retentionPeriodHours(48));
    assertEquals(48, active(name).retentionPeriodHours());
    client.decreaseStreamRetentionPeriod(r -> r.streamName(name).retentionPeriodHours(24));
    assertEquals(24, active(name).retentionPeriodHours());
  }

  @Test
  void lifeOfAConsumer() {
    String name = stream(1);
    String arn = client.describeStreamSummary(r -> r.streamName(name)).streamDescriptionSummary().streamARN();
    Consumer made = client.registerStreamConsumer(r -> r.streamARN(arn).consumerName("b")
        .tags(Map.of("team", "mill"))).consumer();
    client.registerStreamConsumer(r -> r.streamARN(arn).consumerName("a"));
    assertEquals("b", made.consumerName());
    assertTrue(made.consumerARN().startsWith(arn + "/consumer/b:"), made.consumerARN());
    ConsumerDescription found;
    do {
      found = client.describeStreamConsumer(r -> r.consumerARN(made.consumerARN())).consumerDescription();
    } while (found.consumerStatus() != ConsumerStatus.ACTIVE);
    assertEquals(made.consumerCreationTimestamp(), found.consumerCreationTimestamp());
    assertEquals(arn, client.describeStreamConsumer(r -> r.streamARN(arn).consumerName("a"))
        .consumerDescription().streamARN());
    List<String> names = new ArrayList<>();
    client.listStreamConsumersPaginator(r -> r.streamARN(arn).maxResults(1))
        .forEach(page -> page.consumers().forEach(c -> names.add(c.consumerName())));
    assertEquals(List.of("a", "b"), names.stream().sorted().toList());
    assertEquals(2, client.describeStreamSummary(r -> r.streamName(name)).streamDescriptionSummary().consumerCount());
    assertThrows(ResourceInUseException.class,
        () -> client.registerStreamConsumer(r -> r.streamARN(arn).consumerName("a")));
    assertThrows(ResourceInUseException.class, () -> client.deleteStream(r -> r.streamName(name)));
    client.deregisterStreamConsumer(r -> r.consumerARN(made.consumerARN()));
    assertThrows(ResourceNotFoundException.class, () -> {
      while (true) {
        client.describeStreamConsumer(r -> r.consumerARN(made.consumerARN()));
      }
    });
    client.deleteStream(r -> r.streamName(name).enforceConsumerDeletion(true));
  }

  @Test
  void tagsOfResources() {
    String name = stream(1);
    String arn = client.describeStreamSummary(r -> r.streamName(name)).streamDescriptionSummary().streamARN();
    String consumer = client.registerStreamConsumer(r -> r.streamARN(arn).consumerName("c")).consumer().consumerARN();
    for (String resource : List.of(arn, consumer)) {
      client.tagResource(r -> r.resourceARN(resource).tags(Map.of("a", "1", "b", "2")));
      client.untagResource(r -> r.resourceARN(resource).tagKeys("a"));
      assertEquals(List.of(Tag.builder().key("b").value("2").build()),
          client.listTagsForResource(r -> r.resourceARN(resource)).tags());
    }
    client.deleteStream(r -> r.streamName(name).enforceConsumerDeletion(true));
  }

  @Test
  void faultsHaveTheirTypes() {
    var absent = assertThrows(ResourceNotFoundException.class,
        () -> client.describeStream(r -> r.streamName("absent")));
    assertEquals("Stream absent under account 000000000000 not found.", absent.awsErrorDetails().errorMessage());
    assertEquals(400, absent.statusCode());
    assertEquals("kinesis", absent.awsErrorDetails().serviceName().toLowerCase());
    assertFalse(absent.requestId().isEmpty());
    String name = stream(1);
    assertThrows(ResourceInUseException.class, () -> client.createStream(r -> r.streamName(name).shardCount(1)));
    assertThrows(InvalidArgumentException.class, () -> client.getRecords(r -> r.shardIterator("AAAA")));
    KinesisException invalid = assertThrows(KinesisException.class,
        () -> client.putRecord(r -> r.streamName(name).partitionKey("k".repeat(257)).data(SdkBytes.fromUtf8String("x"))));
    assertEquals("ValidationException", invalid.awsErrorDetails().errorCode());
  }

  private static void assertClose(Instant before, Instant found) {
    Duration off = Duration.between(before, found).abs();
    assertTrue(off.compareTo(Duration.ofSeconds(30)) < 0, "off by " + off);
  }
}
