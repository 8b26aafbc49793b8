package millrace.kcl;

import java.util.concurrent.TimeUnit;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;

/** Writes the records of one shard to the ledger, and only then checkpoints them. */
final class Processor implements ShardRecordProcessor {
  /** A checkpoint is a write of its own, so there is at most one in this time. */
  private static final long CHECKPOINT_NANOS = TimeUnit.MILLISECONDS.toNanos(700);

  private final Ledger ledger;
  private String shard;
  private long checkpointed;

  Processor(Ledger ledger) {
    this.ledger = ledger;
  }

  @Override
  public void initialize(InitializationInput input) {
    shard = input.shardId();
    ledger.note("start", shard);
  }

  @Override
  public void processRecords(ProcessRecordsInput input) {
    ledger.add(shard, input.records());
    if (!input.records().isEmpty() && System.nanoTime() - checkpointed > CHECKPOINT_NANOS) {
      checkpoint(input.checkpointer());
      checkpointed = System.nanoTime();
    }
  }

  @Override
  public void leaseLost(LeaseLostInput input) {
    ledger.note("lost", shard);
  }

  @Override
  public void shardEnded(ShardEndedInput input) {
    checkpoint(input.checkpointer());
    ledger.note("end", shard);
  }

  @Override
  public void shutdownRequested(ShutdownRequestedInput input) {
    checkpoint(input.checkpointer());
  }

  private void checkpoint(RecordProcessorCheckpointer checkpointer) {
    try {
      checkpointer.checkpoint();
    } catch (ShutdownException e) {
      ledger.note("shutdown", shard);
    } catch (InvalidStateException e) {
      throw new IllegalStateException(e);
    }
  }
}
