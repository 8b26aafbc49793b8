package millrace.sdk2;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.KinesisRequest;

/** Shows the asynchronous client as the synchronous one, so that one suite serves both. */
final class Blocking implements InvocationHandler {
  private final KinesisAsyncClient client;

  private Blocking(KinesisAsyncClient client) {
    this.client = client;
  }

  static KinesisClient of(KinesisAsyncClient client) {
    return (KinesisClient) Proxy.newProxyInstance(
        KinesisClient.class.getClassLoader(), new Class<?>[] {KinesisClient.class}, new Blocking(client));
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] args) throws Throwable {
    boolean operation = args != null && args.length == 1 && args[0] instanceof KinesisRequest
        && !method.getName().endsWith("Paginator");
    if (!operation) {
      if (method.isDefault()) {
        return InvocationHandler.invokeDefault(proxy, method, args);
      }
      return method.getName().equals("close") ? null : method.invoke(client, args);
    }
    Method asynchronous = KinesisAsyncClient.class.getMethod(method.getName(), method.getParameterTypes());
    try {
      return ((CompletableFuture<?>) asynchronous.invoke(client, args)).get(30, TimeUnit.SECONDS);
    } catch (ExecutionException | InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
