package millrace.kcl;

import java.net.URI;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.SdkHttpConfigurationOption;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.utils.AttributeMap;
import software.amazon.kinesis.common.KinesisClientUtil;

/** The clients of the services that a worker calls. */
final class Clients {
  private Clients() {}

  /** The client as KCL itself tunes it: HTTP/2, also on http://. */
  static KinesisAsyncClient kinesis(String endpoint) {
    var builder = common(KinesisAsyncClient.builder(), endpoint);
    if (endpoint.startsWith("https:")) {
      AttributeMap trusting =
          AttributeMap.builder().put(SdkHttpConfigurationOption.TRUST_ALL_CERTIFICATES, true).build();
      return builder
          .httpClient(NettyNioAsyncHttpClient.builder()
              .protocol(Protocol.HTTP2)
              .maxConcurrency(Integer.MAX_VALUE)
              .buildWithDefaults(trusting))
          .build();
    }
    return KinesisClientUtil.createKinesisAsyncClient(builder);
  }

  static DynamoDbAsyncClient leases(String endpoint) {
    return common(DynamoDbAsyncClient.builder(), endpoint).build();
  }

  /** Never called, as metrics are off; its address leads nowhere. */
  static CloudWatchAsyncClient metrics() {
    return common(CloudWatchAsyncClient.builder(), "http://127.0.0.1:9").build();
  }

  private static <B extends AwsClientBuilder<B, C>, C> B common(B builder, String endpoint) {
    return builder
        .endpointOverride(URI.create(endpoint))
        .region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("AK", "SK")));
  }
}
