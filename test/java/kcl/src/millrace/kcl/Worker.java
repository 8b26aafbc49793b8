package millrace.kcl;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.metrics.MetricsConfig;
import software.amazon.kinesis.metrics.MetricsLevel;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.RetrievalConfig;
import software.amazon.kinesis.retrieval.RetrievalSpecificConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/** One worker of a KCL application, from the oldest record of the stream on. */
public final class Worker {
  /** A lease that is not renewed for so long is taken over. */
  private static final long FAILOVER_MILLIS = 4000;

  private Worker() {}

  public static void main(String[] args) throws Exception {
    Setup setup = Setup.parse(args);
    Ledger ledger = new Ledger(Path.of(setup.out()));
    Scheduler scheduler = scheduler(setup, ledger);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        scheduler.startGracefulShutdown().get(10, TimeUnit.SECONDS);
      } catch (Exception e) {
        System.err.println("shutdown: " + e);
      }
    }));
    scheduler.run();
  }

  private static Scheduler scheduler(Setup setup, Ledger ledger) {
    KinesisAsyncClient kinesis = Clients.kinesis(setup.endpoint());
    var tracker = new SingleStreamTracker(setup.stream(),
        InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON));
    var configs = new ConfigsBuilder(tracker, setup.application(), kinesis, Clients.leases(setup.leases()),
        Clients.metrics(), setup.worker(), () -> new Processor(ledger));
    LeaseManagementConfig leases = configs.leaseManagementConfig()
        .failoverTimeMillis(FAILOVER_MILLIS)
        .shardSyncIntervalMillis(2000)
        .maxLeasesToStealAtOneTime(2);
    CoordinatorConfig coordinator = configs.coordinatorConfig()
        .parentShardPollIntervalMillis(200)
        .shardConsumerDispatchPollIntervalMillis(250)
        .schedulerInitializationBackoffTimeMillis(200);
    Tuning.apply(leases, coordinator);
    MetricsConfig metrics = configs.metricsConfig()
        .metricsLevel(MetricsLevel.NONE)
        .metricsFactory(new NullMetricsFactory());
    RetrievalConfig retrieval = configs.retrievalConfig().retrievalSpecificConfig(retrieval(setup, kinesis));
    return new Scheduler(configs.checkpointConfig(), coordinator, leases, configs.lifecycleConfig(), metrics,
        configs.processorConfig(), retrieval);
  }

  private static RetrievalSpecificConfig retrieval(Setup setup, KinesisAsyncClient kinesis) {
    return switch (setup.mode()) {
      case "polling" -> {
        PollingConfig polling = new PollingConfig(setup.stream(), kinesis).idleTimeBetweenReadsInMillis(200);
        Tuning.apply(polling);
        yield polling;
      }
      case "fanout" -> new FanOutConfig(kinesis)
          .streamName(setup.stream())
          .applicationName(setup.application())
          .retryBackoffMillis(200);
      default -> throw new IllegalArgumentException("mode " + setup.mode());
    };
  }
}
