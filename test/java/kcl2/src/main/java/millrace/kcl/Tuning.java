package millrace.kcl;

import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/** KCL 2 has no settings of its own to shorten: workers take leases from one another. */
final class Tuning {
  private Tuning() {}

  static void apply(LeaseManagementConfig leases, CoordinatorConfig coordinator) {}

  static void apply(PollingConfig polling) {}
}
