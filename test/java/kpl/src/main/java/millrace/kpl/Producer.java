package millrace.kpl;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;

/** Puts counted records through the KPL, aggregated, over TLS. */
public final class Producer {
  private Producer() {}

  /** Arguments: port, stream, temporary folder, number of keys, records of each key, their size. */
  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    String stream = args[1];
    int keys = Integer.parseInt(args[3]);
    int perKey = Integer.parseInt(args[4]);
    int size = Integer.parseInt(args[5]);
    KinesisProducer producer = new KinesisProducer(configuration(port, args[2]));
    List<ListenableFuture<UserRecordResult>> results = new ArrayList<>();
    for (int count = 0; count < perKey; count++) {
      for (int k = 0; k < keys; k++) {
        String key = String.format("key-%03d", k);
        results.add(producer.addUserRecord(stream, key, ByteBuffer.wrap(data(key, count, size))));
      }
      // Memory of the native process is bounded by what is outstanding.
      while (producer.getOutstandingRecordsCount() > 5000) {
        TimeUnit.MILLISECONDS.sleep(2);
      }
    }
    producer.flushSync();
    Set<String> sequences = new HashSet<>();
    int attempts = 0;
    for (UserRecordResult result : Futures.allAsList(results).get(60, TimeUnit.SECONDS)) {
      if (!result.isSuccessful()) {
        throw new IllegalStateException("not put: " + result.getAttempts());
      }
      sequences.add(result.getShardId() + " " + result.getSequenceNumber());
      attempts += result.getAttempts().size();
    }
    producer.destroy();
    System.out.printf("PUT | %d user records in %d records, %d attempts%n", results.size(), sequences.size(), attempts);
  }

  private static KinesisProducerConfiguration configuration(int port, String folder) {
    return new KinesisProducerConfiguration()
        .setRegion("us-east-1")
        .setKinesisEndpoint("127.0.0.1")
        .setKinesisPort(port)
        // Metrics are off; should anything go there, it reaches nobody.
        .setCloudwatchEndpoint("127.0.0.1")
        .setCloudwatchPort(9)
        .setStsEndpoint("127.0.0.1")
        .setStsPort(9)
        .setMetricsLevel("none")
        .setVerifyCertificate(false)
        .setAggregationEnabled(true)
        .setRecordMaxBufferedTime(100)
        .setRequestTimeout(10_000)
        .setTempDirectory(folder)
        .setCredentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("AK", "SK")));
  }

  /** The content that the ledger expects of a record. */
  private static byte[] data(String key, int count, int size) {
    StringBuilder text = new StringBuilder().append(count).append(':').append(key).append(':');
    while (text.length() < size) {
      text.append("0123456789abcdef", 0, Math.min(16, size - text.length()));
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }
}
