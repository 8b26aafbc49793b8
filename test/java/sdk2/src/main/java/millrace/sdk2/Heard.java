package millrace.sdk2;

import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;

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
  public void afterTransmission(Context.AfterTransmission context, ExecutionAttributes attributes) {
    if (context.httpResponse().isSuccessful()) {
      operations.add(attributes.getAttribute(SdkExecutionAttribute.OPERATION_NAME));
    }
  }
}
