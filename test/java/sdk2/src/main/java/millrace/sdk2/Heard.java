package millrace.sdk2;

import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;
import software.amazon.awssdk.http.SdkHttpResponse;

/** Notes which operations were answered with success, and in which content types they were sent. */
final class Heard implements ExecutionInterceptor {
  private final Set<String> operations = new ConcurrentSkipListSet<>();
  private final Set<String> contentTypes = new ConcurrentSkipListSet<>();

  Collection<String> operations() {
    return operations;
  }

  Collection<String> contentTypes() {
    return contentTypes;
  }

  @Override
  public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
    // SubscribeToShard is JSON even where everything else is CBOR.
    if (!attributes.getAttribute(SdkExecutionAttribute.OPERATION_NAME).equals("SubscribeToShard")) {
      context.httpRequest().firstMatchingHeader("Content-Type").ifPresent(contentTypes::add);
    }
  }

  @Override
  public void afterExecution(Context.AfterExecution context, ExecutionAttributes attributes) {
    SdkResponse response = context.response();
    SdkHttpResponse http = response == null ? null : response.sdkHttpResponse();
    if (http != null && http.isSuccessful() && http.firstMatchingHeader("x-amzn-RequestId").isPresent()) {
      operations.add(attributes.getAttribute(SdkExecutionAttribute.OPERATION_NAME));
    }
  }
}
