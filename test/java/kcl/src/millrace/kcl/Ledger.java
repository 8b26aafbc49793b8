package millrace.kcl;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/**
 * What a worker processed, one line a record: nanoseconds, shard, sequence number, number
 * inside the aggregate, partition key, data in base64.
 *
 * <p>The nanoseconds are the machine's monotonic clock, which all processes share, so lines of
 * several workers can be put in order. What is flushed outlives a killed worker.
 */
final class Ledger {
  private final BufferedWriter out;

  Ledger(Path path) throws IOException {
    out = Files.newBufferedWriter(path);
  }

  synchronized void add(String shard, Iterable<KinesisClientRecord> records) {
    try {
      for (KinesisClientRecord record : records) {
        byte[] data = new byte[record.data().remaining()];
        record.data().duplicate().get(data);
        out.write(System.nanoTime() + "\t" + shard + "\t" + record.sequenceNumber() + "\t"
            + record.subSequenceNumber() + "\t" + record.partitionKey() + "\t"
            + Base64.getEncoder().encodeToString(data) + "\n");
      }
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Notes what happened to a shard, in a line that starts with a hash sign. */
  synchronized void note(String what, String shard) {
    try {
      out.write("# " + System.nanoTime() + " " + what + " " + shard + "\n");
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
