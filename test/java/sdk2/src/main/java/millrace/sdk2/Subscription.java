package millrace.sdk2;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.StartingPosition;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** A running SubscribeToShard, and what it has brought. */
final class Subscription implements AutoCloseable {
  private final List<SubscribeToShardEvent> events = new ArrayList<>();
  private final CompletableFuture<Void> started = new CompletableFuture<>();
  private final CompletableFuture<Void> done;

  Subscription(KinesisAsyncClient client, String consumer, String shard, StartingPosition position) {
    done = client.subscribeToShard(
        r -> r.consumerARN(consumer).shardId(shard).startingPosition(position),
        SubscribeToShardResponseHandler.builder()
            .onResponse(response -> started.complete(null))
            .subscriber(event -> event.accept(SubscribeToShardResponseHandler.Visitor.builder()
                .onSubscribeToShardEvent(this::add).build()))
            .build());
  }

  private synchronized void add(SubscribeToShardEvent event) {
    events.add(event);
    notifyAll();
  }

  /** Completes when the server has ended the stream, or with its fault. */
  CompletableFuture<Void> done() {
    return done;
  }

  /** Waits until the server has begun to answer. */
  void awaitStart() throws Exception {
    started.get(20, TimeUnit.SECONDS);
  }

  /** Waits until there are so many records. */
  synchronized void await(int records) throws InterruptedException, TimeoutException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (texts().size() < records) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        throw new TimeoutException(texts().size() + " records, want " + records);
      }
      wait(left);
    }
  }

  synchronized List<String> texts() {
    return events.stream().flatMap(e -> e.records().stream()).map((Record r) -> r.data().asUtf8String()).toList();
  }

  synchronized SubscribeToShardEvent last() {
    return events.get(events.size() - 1);
  }

  @Override
  public void close() {
    done.cancel(true);
  }
}
