package millrace.sdk2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceInUseException;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StartingPosition;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;

/** All operations, and SubscribeToShard, which only the asynchronous client has. */
abstract class Streaming extends Operations {
  private KinesisAsyncClient async;

  Streaming(String endpoint) {
    super(endpoint);
  }

  abstract KinesisAsyncClient openAsync();

  @Override
  final KinesisClient open() {
    async = openAsync();
    return Blocking.of(async);
  }

  @Test
  void recordsArePushedAsTheyCome() throws Exception {
    String name = stream(1);
    put(name, "0", "1", "2");
    try (Subscription all = subscribe(consumer(name, "c"), at(ShardIteratorType.TRIM_HORIZON))) {
      all.await(3);
      // The shard is idle now, so these are pushed, not found.
      for (int i = 3; i < 20; i++) {
        put(name, "" + i);
        Instant before = Instant.now();
        all.await(i + 1);
        assertTrue(Duration.between(before, Instant.now()).toMillis() < 2000);
      }
      assertEquals(IntStream.range(0, 20).mapToObj(Integer::toString).toList(), all.texts());
      SubscribeToShardEvent last = all.last();
      assertEquals(0L, last.millisBehindLatest());
      List<Record> records = last.records();
      assertEquals(records.get(records.size() - 1).sequenceNumber(), last.continuationSequenceNumber());
    }
  }

  @Test
  void everyStartingPosition() throws Exception {
    String name = stream(1);
    List<String> numbers = put(name, "0", "1", "2");
    Thread.sleep(30);
    Instant border = Instant.now();
    Thread.sleep(30);
    put(name, "3");
    var positions = List.of(
        at(ShardIteratorType.TRIM_HORIZON),
        StartingPosition.builder().type(ShardIteratorType.AT_SEQUENCE_NUMBER).sequenceNumber(numbers.get(1)).build(),
        StartingPosition.builder().type(ShardIteratorType.AFTER_SEQUENCE_NUMBER).sequenceNumber(numbers.get(1)).build(),
        StartingPosition.builder().type(ShardIteratorType.AT_TIMESTAMP).timestamp(border).build());
    var wanted = List.of(List.of("0", "1", "2", "3"), List.of("1", "2", "3"), List.of("2", "3"), List.of("3"));
    for (int i = 0; i < positions.size(); i++) {
      try (Subscription some = subscribe(consumer(name, "c" + i), positions.get(i))) {
        some.await(wanted.get(i).size());
        assertEquals(wanted.get(i), some.texts());
      }
    }
    try (Subscription latest = subscribe(consumer(name, "latest"), at(ShardIteratorType.LATEST))) {
      latest.awaitStart();
      put(name, "4");
      latest.await(1);
      assertEquals(List.of("4"), latest.texts());
    }
  }

  @Test
  void theEndOfAShardNamesItsChildren() throws Exception {
    String name = stream(1);
    put(name, "0");
    try (Subscription all = subscribe(consumer(name, "c"), at(ShardIteratorType.TRIM_HORIZON))) {
      all.await(1);
      client.splitShard(r -> r.streamName(name).shardToSplit(shard(0)).newStartingHashKey("1000"));
      all.done().get(20, TimeUnit.SECONDS);
      assertEquals(List.of(shard(1), shard(2)), all.last().childShards().stream().map(c -> c.shardId()).toList());
      assertEquals(null, all.last().continuationSequenceNumber());
    }
  }

  @Test
  void faultsOfSubscriptions() throws Exception {
    String name = stream(1);
    String consumer = consumer(name, "c");
    try (Subscription none = subscribe(consumer.replace("consumer/c:", "consumer/d:"), at(ShardIteratorType.LATEST))) {
      var fault = assertThrows(ExecutionException.class, () -> none.done().get(20, TimeUnit.SECONDS));
      assertInstanceOf(ResourceNotFoundException.class, fault.getCause());
    }
    try (Subscription first = subscribe(consumer, at(ShardIteratorType.LATEST))) {
      first.awaitStart();
      try (Subscription second = subscribe(consumer, at(ShardIteratorType.LATEST))) {
        var fault = assertThrows(ExecutionException.class, () -> second.done().get(20, TimeUnit.SECONDS));
        assertInstanceOf(ResourceInUseException.class, fault.getCause());
      }
    }
  }

  private static StartingPosition at(ShardIteratorType type) {
    return StartingPosition.builder().type(type).build();
  }

  private Subscription subscribe(String consumer, StartingPosition position) {
    return new Subscription(async, consumer, shard(0), position);
  }

  private String consumer(String stream, String name) {
    String arn = client.describeStreamSummary(r -> r.streamName(stream)).streamDescriptionSummary().streamARN();
    String consumer = client.registerStreamConsumer(r -> r.streamARN(arn).consumerName(name)).consumer().consumerARN();
    while (client.describeStreamConsumer(r -> r.consumerARN(consumer)).consumerDescription().consumerStatus()
        != ConsumerStatus.ACTIVE) {
      Thread.onSpinWait();
    }
    return consumer;
  }

  private List<String> put(String stream, String... texts) {
    return client.putRecords(r -> r.streamName(stream).records(List.of(texts).stream().map(text ->
        PutRecordsRequestEntry.builder().partitionKey("k").data(SdkBytes.fromUtf8String(text)).build()).toList()))
        .records().stream().map(entry -> entry.sequenceNumber()).toList();
  }
}
