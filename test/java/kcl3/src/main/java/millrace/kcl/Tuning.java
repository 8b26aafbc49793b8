package millrace.kcl;

import java.time.Duration;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * Shortens what only KCL 3 waits for: its leader assigns the leases, and knows of workers
 * from what they report of themselves.
 */
final class Tuning {
  private Tuning() {}

  static void apply(LeaseManagementConfig leases, CoordinatorConfig coordinator) {
    leases.leaseAssignmentIntervalMillis(1000L);
    leases.dynamoDbLockBasedLeaderLeaseDurationInMillis(6000);
    leases.dynamoDbLockBasedLeaderHeartbeatPeriodInMillis(1000);
    leases.gracefulLeaseHandoffConfig().gracefulLeaseHandoffTimeoutMillis(3000);
    // What workers measure of their machine is read from services that a test must not ask.
    leases.workerUtilizationAwareAssignmentConfig()
        .disableWorkerMetrics(true)
        .workerMetricsReporterFreqInMillis(1000)
        .varianceBalancingFrequency(1)
        .staleWorkerMetricsEntryCleanupDuration(Duration.ofSeconds(10));
    coordinator.clientVersionConfig(CoordinatorConfig.ClientVersionConfig.CLIENT_VERSION_CONFIG_3X);
  }

  static void apply(PollingConfig polling) {
    polling.usePollingConfigIdleTimeValue(true);
  }
}
