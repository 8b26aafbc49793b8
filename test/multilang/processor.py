"""A record processor that the MultiLangDaemon drives: it writes what it
processed to the file that LEDGER names, in the form of the ledger package.

The checkpoint comes after the lines are written.
"""
import base64
import os
import time

from amazon_kclpy import kcl
from amazon_kclpy.v3 import processor


class Processor(processor.RecordProcessorBase):
    def initialize(self, initialize_input):
        self.shard = initialize_input.shard_id
        # One process a shard, and one file for each of them.
        self.out = open(f"{os.environ['LEDGER']}-{self.shard}-{os.getpid()}", "w")

    def process_records(self, process_records_input):
        for record in process_records_input.records:
            data = base64.b64encode(record.binary_data).decode()
            self.out.write("\t".join([
                str(time.monotonic_ns()), self.shard, str(record.sequence_number),
                str(record.sub_sequence_number or 0), record.partition_key, data]) + "\n")
        self.out.flush()
        if process_records_input.records:
            process_records_input.checkpointer.checkpoint()

    def lease_lost(self, lease_lost_input):
        self.out.close()

    def shard_ended(self, shard_ended_input):
        self.out.close()
        shard_ended_input.checkpointer.checkpoint()

    def shutdown_requested(self, shutdown_requested_input):
        shutdown_requested_input.checkpointer.checkpoint()


kcl.KCLProcess(Processor()).run()
