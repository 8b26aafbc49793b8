package millrace.sdk1;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.ClientConfiguration;
import com.amazonaws.Request;
import com.amazonaws.Response;
import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.handlers.RequestHandler2;
import com.amazonaws.retry.PredefinedRetryPolicies;
import com.amazonaws.services.kinesis.AmazonKinesis;
import com.amazonaws.services.kinesis.AmazonKinesisClientBuilder;
import com.amazonaws.services.kinesis.model.AddTagsToStreamRequest;
import com.amazonaws.services.kinesis.model.AmazonKinesisException;
import com.amazonaws.services.kinesis.model.DecreaseStreamRetentionPeriodRequest;
import com.amazonaws.services.kinesis.model.DeregisterStreamConsumerRequest;
import com.amazonaws.services.kinesis.model.DescribeLimitsRequest;
import com.amazonaws.services.kinesis.model.DescribeStreamConsumerRequest;
import com.amazonaws.services.kinesis.model.DescribeStreamRequest;
import com.amazonaws.services.kinesis.model.DescribeStreamSummaryRequest;
import com.amazonaws.services.kinesis.model.GetRecordsRequest;
import com.amazonaws.services.kinesis.model.GetRecordsResult;
import com.amazonaws.services.kinesis.model.GetShardIteratorRequest;
import com.amazonaws.services.kinesis.model.IncreaseStreamRetentionPeriodRequest;
import com.amazonaws.services.kinesis.model.InvalidArgumentException;
import com.amazonaws.services.kinesis.model.ListShardsRequest;
import com.amazonaws.services.kinesis.model.ListStreamConsumersRequest;
import com.amazonaws.services.kinesis.model.ListTagsForStreamRequest;
import com.amazonaws.services.kinesis.model.PutRecordRequest;
import com.amazonaws.services.kinesis.model.PutRecordsRequest;
import com.amazonaws.services.kinesis.model.PutRecordsRequestEntry;
import com.amazonaws.services.kinesis.model.Record;
import com.amazonaws.services.kinesis.model.RegisterStreamConsumerRequest;
import com.amazonaws.services.kinesis.model.RemoveTagsFromStreamRequest;
import com.amazonaws.services.kinesis.model.ResourceInUseException;
import com.amazonaws.services.kinesis.model.ResourceNotFoundException;
import com.amazonaws.services.kinesis.model.ScalingType;
import com.amazonaws.services.kinesis.model.StreamDescription;
import com.amazonaws.services.kinesis.model.UpdateShardCountRequest;
import java.nio.ByteBuffer;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The client of the SDK of version 1, over plain HTTP and over TLS. */
class Clients {
  private static final String ENDPOINT = System.getProperty("millrace.endpoint");
  private static final boolean CBOR = !Boolean.getBoolean("com.amazonaws.sdk.disableCbor");

  @Nested
  class Plain extends Operations {
    Plain() {
      super(ENDPOINT);
    }
  }

  @Nested
  @Tag("tls")
  class Tls extends Operations {
    Tls() {
      super(ENDPOINT.replaceFirst("^http:", "https:"));
    }
  }

  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  abstract static class Operations {
    private final Set<String> heard = new ConcurrentSkipListSet<>();
    private final Set<String> contentTypes = new ConcurrentSkipListSet<>();
    private final AmazonKinesis client;

    Operations(String endpoint) {
      // The certificate is the server's own.
      System.setProperty("com.amazonaws.sdk.disableCertChecking", "true");
      client = AmazonKinesisClientBuilder.standard()
          .withEndpointConfiguration(new EndpointConfiguration(endpoint, "us-east-1"))
          .withCredentials(new AWSStaticCredentialsProvider(new BasicAWSCredentials(
              System.getProperty("millrace.accessKey"), System.getProperty("millrace.secretKey"))))
          .withClientConfiguration(new ClientConfiguration()
              .withRetryPolicy(PredefinedRetryPolicies.NO_RETRY_POLICY).withRequestTimeout(30_000))
          .withRequestHandlers(new Listener())
          .build();
    }

    @AfterAll
    void close() {
      client.shutdown();
      assertEquals(Set.of(CBOR ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1"), contentTypes);
      System.out.println("HEARD | " + getClass().getSimpleName() + " | " + String.join(" ", heard));
    }

    @Test
    void lifeOfAStream() {
      String name = stream(2);
      var summary = client.describeStreamSummary(new DescribeStreamSummaryRequest().withStreamName(name))
          .getStreamDescriptionSummary();
      assertEquals("ACTIVE", summary.getStreamStatus());
      assertEquals(2, summary.getOpenShardCount());
      assertTrue(Math.abs(summary.getStreamCreationTimestamp().getTime() - System.currentTimeMillis()) < 30_000);
      assertTrue(client.listStreams().getStreamNames().contains(name));
      assertTrue(client.describeLimits(new DescribeLimitsRequest()).getOpenShardCount() >= 2);
      client.deleteStream(name);
      while (client.listStreams(name.substring(0, name.length() - 1)).getStreamNames().contains(name)) {
        Thread.onSpinWait();
      }
      assertThrows(ResourceNotFoundException.class, () -> client.describeStream(name));
    }

    @Test
    void everyByteAndTheTime() {
      String name = stream(1);
      byte[] every = new byte[1024];
      for (int i = 0; i < every.length; i++) {
        every[i] = (byte) i;
      }
      var put = client.putRecord(new PutRecordRequest().withStreamName(name).withPartitionKey("鍵")
          .withData(ByteBuffer.wrap(every)));
      GetRecordsResult page = read(name, 0);
      assertEquals(1, page.getRecords().size());
      Record record = page.getRecords().get(0);
      assertArrayEquals(every, record.getData().array());
      assertEquals("鍵", record.getPartitionKey());
      assertEquals(put.getSequenceNumber(), record.getSequenceNumber());
      long off = record.getApproximateArrivalTimestamp().getTime() - System.currentTimeMillis();
      assertTrue(Math.abs(off) < 30_000, "off by " + off + " ms");
      assertEquals(0L, page.getMillisBehindLatest());
    }

    @Test
    void manyRecordsAndIterators() throws InterruptedException {
      String name = stream(1);
      var entries = IntStream.range(0, 500).mapToObj(i -> new PutRecordsRequestEntry()
          .withPartitionKey("k").withData(bytes("" + i))).toList();
      var answer = client.putRecords(new PutRecordsRequest().withStreamName(name).withRecords(entries));
      assertEquals(0, answer.getFailedRecordCount());
      assertEquals(IntStream.range(0, 500).mapToObj(Integer::toString).toList(), texts(read(name, 0)));
      String number = answer.getRecords().get(499).getSequenceNumber();
      assertEquals(List.of("499"), texts(read(new GetShardIteratorRequest().withStreamName(name)
          .withShardId(shard(0)).withShardIteratorType("AT_SEQUENCE_NUMBER").withStartingSequenceNumber(number))));
      Thread.sleep(30);
      Date border = new Date();
      Thread.sleep(30);
      client.putRecord(new PutRecordRequest().withStreamName(name).withPartitionKey("k").withData(bytes("new")));
      var at = new GetShardIteratorRequest().withStreamName(name).withShardId(shard(0))
          .withShardIteratorType("AT_TIMESTAMP").withTimestamp(border);
      if (CBOR) {
        assertEquals(List.of("new"), texts(read(at)));
      } else {
        // In JSON this SDK writes milliseconds where the service reads seconds.
        assertThrows(InvalidArgumentException.class, () -> read(at));
      }
    }

    @Test
    void splitMergeAndCount() {
      String name = stream(1);
      client.splitShard(name, shard(0), "1000");
      assertEquals("999", active(name).getShards().get(1).getHashKeyRange().getEndingHashKey());
      client.mergeShards(name, shard(1), shard(2));
      assertEquals(shard(2), active(name).getShards().get(3).getAdjacentParentShardId());
      client.updateShardCount(new UpdateShardCountRequest().withStreamName(name).withTargetShardCount(2)
          .withScalingType(ScalingType.UNIFORM_SCALING));
      assertEquals(2, active(name).getShards().stream()
          .filter(s -> s.getSequenceNumberRange().getEndingSequenceNumber() == null).count());
      assertTrue(client.listShards(new ListShardsRequest().withStreamName(name)).getShards().size() >= 6);
      GetRecordsResult page = read(name, 0);
      assertNull(page.getNextShardIterator());
      assertEquals(2, page.getChildShards().size());
    }

    @Test
    void tagsAndRetention() {
      String name = stream(1);
      client.addTagsToStream(new AddTagsToStreamRequest().withStreamName(name).withTags(Map.of("a", "1", "b", "2")));
      client.removeTagsFromStream(new RemoveTagsFromStreamRequest().withStreamName(name).withTagKeys("a"));
      var tags = client.listTagsForStream(new ListTagsForStreamRequest().withStreamName(name)).getTags();
      assertEquals(1, tags.size());
      assertEquals("b", tags.get(0).getKey());
      client.increaseStreamRetentionPeriod(
          new IncreaseStreamRetentionPeriodRequest().withStreamName(name).withRetentionPeriodHours(30));
      assertEquals(30, active(name).getRetentionPeriodHours());
      client.decreaseStreamRetentionPeriod(
          new DecreaseStreamRetentionPeriodRequest().withStreamName(name).withRetentionPeriodHours(24));
      assertEquals(24, active(name).getRetentionPeriodHours());
    }

    @Test
    void lifeOfAConsumer() {
      String name = stream(1);
      String arn = client.describeStream(name).getStreamDescription().getStreamARN();
      String consumer = client.registerStreamConsumer(
          new RegisterStreamConsumerRequest().withStreamARN(arn).withConsumerName("c")).getConsumer().getConsumerARN();
      var describe = new DescribeStreamConsumerRequest().withConsumerARN(consumer);
      while (!client.describeStreamConsumer(describe).getConsumerDescription().getConsumerStatus().equals("ACTIVE")) {
        Thread.onSpinWait();
      }
      assertEquals(1, client.listStreamConsumers(
          new ListStreamConsumersRequest().withStreamARN(arn)).getConsumers().size());
      client.deregisterStreamConsumer(new DeregisterStreamConsumerRequest().withConsumerARN(consumer));
      assertThrows(ResourceNotFoundException.class, () -> {
        while (true) {
          client.describeStreamConsumer(describe);
        }
      });
    }

    @Test
    void faultsHaveTheirTypes() {
      var absent = assertThrows(ResourceNotFoundException.class, () -> client.describeStream("absent"));
      assertEquals("Stream absent under account 000000000000 not found.", absent.getErrorMessage());
      assertEquals(400, absent.getStatusCode());
      String name = stream(1);
      assertThrows(ResourceInUseException.class, () -> client.createStream(name, 1));
      assertThrows(InvalidArgumentException.class,
          () -> client.getRecords(new GetRecordsRequest().withShardIterator("AAAA")));
      var invalid = assertThrows(AmazonKinesisException.class, () -> client.putRecord(
          new PutRecordRequest().withStreamName(name).withPartitionKey("k".repeat(257)).withData(bytes("x"))));
      assertEquals("ValidationException", invalid.getErrorCode());
    }

    private String stream(int shards) {
      String name = "java1-" + Long.toString(System.nanoTime(), 36);
      client.createStream(name, shards);
      active(name);
      return name;
    }

    private StreamDescription active(String name) {
      StreamDescription description;
      do {
        description = client.describeStream(new DescribeStreamRequest().withStreamName(name)).getStreamDescription();
      } while (!description.getStreamStatus().equals("ACTIVE"));
      return description;
    }

    private GetRecordsResult read(String name, int shard) {
      return read(new GetShardIteratorRequest().withStreamName(name).withShardId(shard(shard))
          .withShardIteratorType("TRIM_HORIZON"));
    }

    private GetRecordsResult read(GetShardIteratorRequest from) {
      String iterator = client.getShardIterator(from).getShardIterator();
      return client.getRecords(new GetRecordsRequest().withShardIterator(iterator));
    }

    private static List<String> texts(GetRecordsResult page) {
      return page.getRecords().stream().map(r -> new String(r.getData().array())).toList();
    }

    private static ByteBuffer bytes(String text) {
      return ByteBuffer.wrap(text.getBytes());
    }

    private static String shard(int number) {
      return String.format("shardId-%012d", number);
    }

    /** Notes which operations were answered, and in which content types they were sent. */
    private final class Listener extends RequestHandler2 {
      @Override
      public void beforeRequest(Request<?> request) {
        contentTypes.add(request.getHeaders().get("Content-Type"));
      }

      @Override
      public void afterResponse(Request<?> request, Response<?> response) {
        heard.add(request.getHeaders().get("X-Amz-Target").replaceFirst("^.*[.]", ""));
      }
    }
  }
}
