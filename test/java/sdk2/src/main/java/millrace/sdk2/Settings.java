package millrace.sdk2;

import java.net.URI;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.SdkHttpConfigurationOption;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.utils.AttributeMap;

/** What the driver says on the command line, and clients made from it. */
final class Settings {
  /** Base URL of the server: plain HTTP, or TLS where a test is about TLS. */
  static final String PLAIN = System.getProperty("millrace.endpoint");
  static final String TLS = PLAIN == null ? null : PLAIN.replaceFirst("^http:", "https:");
  static final boolean CBOR = !"false".equals(System.getProperty("aws.cborEnabled"));

  /** The certificate is the server's own; whether it is trusted is not what these suites ask. */
  static final AttributeMap TRUSTING =
      AttributeMap.builder().put(SdkHttpConfigurationOption.TRUST_ALL_CERTIFICATES, true).build();

  private Settings() {}

  /** A client that shows every fault: it does not retry. */
  static <B extends AwsClientBuilder<B, C>, C> B common(B builder, String endpoint, Heard heard) {
    return builder
        .endpointOverride(URI.create(endpoint))
        .region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(
            System.getProperty("millrace.accessKey"), System.getProperty("millrace.secretKey"))))
        .overrideConfiguration(o -> o
            .addExecutionInterceptor(heard)
            .retryStrategy(DefaultRetryStrategy.doNotRetry())
            .apiCallTimeout(Duration.ofSeconds(30)));
  }

  static SdkAsyncHttpClient netty() {
    return NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP2).buildWithDefaults(TRUSTING);
  }
}
