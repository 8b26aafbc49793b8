package streams

// SequenceNumber is a 56-digit sequence number (see docs and api/semantics.md §2).
type SequenceNumber struct{ hi, mid, lo uint64 }
