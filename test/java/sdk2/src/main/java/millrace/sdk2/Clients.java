package millrace.sdk2;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;

/** The clients that the SDK has: one suite each. */
class Clients {
  /** HTTP/1.1 through java.net. */
  @Nested
  class UrlConnection extends Operations {
    UrlConnection() {
      super(Settings.PLAIN);
    }

    @Override
    KinesisClient open() {
      return Settings.common(KinesisClient.builder(), endpoint, heard)
          .httpClient(UrlConnectionHttpClient.builder().buildWithDefaults(Settings.TRUSTING)).build();
    }
  }

  /** HTTP/1.1 through Apache's client, over TLS. */
  @Nested
  @Tag("tls")
  class ApacheTls extends Operations {
    ApacheTls() {
      super(Settings.TLS);
    }

    @Override
    KinesisClient open() {
      return Settings.common(KinesisClient.builder(), endpoint, heard)
          .httpClient(ApacheHttpClient.builder().buildWithDefaults(Settings.TRUSTING)).build();
    }
  }

  /** The asynchronous client: HTTP/2 with prior knowledge. */
  @Nested
  class Netty extends Streaming {
    Netty() {
      super(Settings.PLAIN);
    }

    @Override
    KinesisAsyncClient openAsync() {
      return Settings.common(KinesisAsyncClient.builder(), endpoint, heard).httpClient(Settings.netty()).build();
    }
  }

  /** The asynchronous client: HTTP/2 over TLS. */
  @Nested
  @Tag("tls")
  class NettyTls extends Streaming {
    NettyTls() {
      super(Settings.TLS);
    }

    @Override
    KinesisAsyncClient openAsync() {
      return Settings.common(KinesisAsyncClient.builder(), endpoint, heard).httpClient(Settings.netty()).build();
    }
  }
}
