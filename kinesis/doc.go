// Package kinesis is a client of the Kinesis Data Streams API. It works
// against AWS and against a millrace server alike.
//
// # Calls
//
// A [Client] has one method for each operation of the API; shapes and errors
// are in package kinesis/types and are named as users of AWS's own SDK know
// them. Data is []byte on both sides: the base64 of the wire is not seen.
//
//	client := kinesis.NewClient(kinesis.Options{})
//	out, err := client.PutRecord(ctx, &types.PutRecordInput{
//		StreamName:   new("orders"),
//		PartitionKey: new("customer-17"),
//		Data:         []byte("hello"),
//	})
//
// # Where the settings come from
//
// What [Options] names is used as it is. What it leaves empty of region,
// endpoint and credentials comes from AWS's environment, as every AWS tool
// reads it (variables such as AWS_REGION, AWS_ENDPOINT_URL_KINESIS and
// AWS_PROFILE, then the files under ~/.aws), at the first call. With nothing
// to be found there, the region is us-east-1 and the endpoint AWS's own of
// that region. A client whose region, endpoint and credentials are all given
// reads no environment. [Options.FromEnvironment] does the same reading at
// once, for those who want to see its result or its error.
//
// # Errors
//
// An answer that is an error is a [*ResponseError] with status, code, message
// and request id. It wraps the typed error of its code, so that both serve:
//
//	var gone *types.ResourceNotFoundException
//	if errors.As(err, &gone) { ... }
//
// A call that got no answer is a [*RequestError]. [IsThrottled],
// [IsExpiredIterator] and [IsNotFound] name the common cases.
//
// # Retries
//
// A call is tried up to ten times, with exponential back-off and full jitter,
// after network errors, answers of status 5xx and throttling; it ends at once
// when its context does. The error says how many attempts were made. A retry
// after a lost answer may do the work twice: records can be stored twice, and
// a second CreateStream answers ResourceInUseException, just as with AWS's
// SDKs. PutRecords may fail in part without an error; [Client.PutAll] sends
// again only what failed.
//
// # Iterators
//
// [Client.Streams], [Client.Shards] and [Client.Tags] walk lists over all
// their pages. [Client.Records] reads one shard, from any position, for as
// long as the caller ranges over it, and [Client.Pages] does so answer by
// answer.
//
// A Client may be used by any number of goroutines at once.
package kinesis
