package millrace.sdk2;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamDescription;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;
import software.amazon.awssdk.services.kinesis.waiters.KinesisWaiter;

/** What every suite of the SDK has: a client, streams of its own, and reading them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class Suite {
  private static final AtomicInteger STREAMS = new AtomicInteger();

  final Heard heard = new Heard();
  final String endpoint;
  final KinesisClient client;

  Suite(String endpoint) {
    this.endpoint = endpoint;
    client = open();
  }

  /** Makes the client that this suite is about. */
  abstract KinesisClient open();

  @AfterAll
  void close() {
    client.close();
    String type = Settings.CBOR ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1";
    assertEquals(Set.of(type), Set.copyOf(heard.contentTypes()));
    System.out.println("HEARD | " + getClass().getSimpleName() + " | " + String.join(" ", heard.operations()));
  }

  static String name() {
    return "java2-" + Long.toString(System.nanoTime(), 36) + "-" + STREAMS.incrementAndGet();
  }

  static String shard(int number) {
    return String.format("shardId-%012d", number);
  }

  KinesisWaiter waiter() {
    return KinesisWaiter.builder()
        .client(client)
        .overrideConfiguration(o -> o.backoffStrategyV2(attempt -> Duration.ofMillis(20)).maxAttempts(200))
        .build();
  }

  /** Makes a stream and waits until it is ACTIVE. */
  String stream(int shards) {
    String name = name();
    client.createStream(r -> r.streamName(name).shardCount(shards));
    active(name);
    return name;
  }

  StreamDescription active(String name) {
    try (KinesisWaiter waiter = waiter()) {
      waiter.waitUntilStreamExists(r -> r.streamName(name));
    }
    StreamDescription description;
    do {
      description = client.describeStream(r -> r.streamName(name)).streamDescription();
    } while (description.streamStatus() != StreamStatus.ACTIVE);
    return description;
  }

  String iterator(String stream, int shard, ShardIteratorType type) {
    return client.getShardIterator(GetShardIteratorRequest.builder()
        .streamName(stream).shardId(shard(shard)).shardIteratorType(type).build()).shardIterator();
  }

  GetRecordsResponse read(String stream, int shard) {
    String iterator = iterator(stream, shard, ShardIteratorType.TRIM_HORIZON);
    return client.getRecords(r -> r.shardIterator(iterator));
  }

  static List<String> texts(GetRecordsResponse page) {
    return page.records().stream().map(r -> r.data().asUtf8String()).toList();
  }
}
