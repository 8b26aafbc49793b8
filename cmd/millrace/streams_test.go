package main

import (
	"strings"
	"testing"
	"time"

	"millrace/internal/server"
)

func TestLifeOfAStream(t *testing.T) {
	startServer(t, func(c *server.Config) { c.StateDelay = 20 * time.Millisecond })
	if out := must(t, "streams", "list"); !strings.Contains(out, "no streams") {
		t.Errorf("list of nothing: %q", out)
	}
	if out := must(t, "streams", "create", "s", "--shards", "2", "--tag", "team=shop", "--wait"); out != "created s, ACTIVE\n" {
		t.Errorf("create: %q", out)
	}
	r := millrace(t, "streams", "create", "s")
	if r.code != exitFailure || !strings.Contains(r.stderr, "ResourceInUseException") || !strings.Contains(r.stderr, "--if-absent") {
		t.Errorf("create again: %d %s", r.code, r.stderr)
	}
	if out := must(t, "streams", "create", "s", "--if-absent", "--wait"); out != "s exists, ACTIVE\n" {
		t.Errorf("create --if-absent: %q", out)
	}
	if out := must(t, "streams", "list"); !strings.Contains(out, "s     ACTIVE  PROVISIONED") {
		t.Errorf("list:\n%s", out)
	}
	if out := must(t, "streams", "list", "--long"); !strings.Contains(out, "24 h") {
		t.Errorf("list --long:\n%s", out)
	}
	if o := objects(t, must(t, "streams", "list", "--output", "json", "--long")); len(o) != 1 || o[0]["StreamName"] != "s" || o[0]["OpenShardCount"] != 2.0 {
		t.Errorf("list --output json: %v", o)
	}

	must(t, "streams", "tag", "s", "stage=test", "a=b=c")
	must(t, "streams", "untag", "s", "team")
	if out := must(t, "streams", "tags", "s"); out != "a=b=c\nstage=test\n" {
		t.Errorf("tags: %q", out)
	}
	must(t, "streams", "retention", "s", "3d", "--wait")
	if out := must(t, "streams", "retention", "s"); out != "72 h (3 days)\n" {
		t.Errorf("retention: %q", out)
	}
	must(t, "streams", "retention", "s", "25h", "--wait")
	must(t, "streams", "retention", "s", "25", "--wait")

	out := must(t, "streams", "describe", "s")
	for _, want := range []string{"arn:aws:kinesis:us-east-1:000000000000:stream/s", "25 h", "a=b=c", "shardId-000000000001  open", "170141183460469231731687303715884105728"} {
		if !strings.Contains(out, want) {
			t.Errorf("describe has no %q:\n%s", want, out)
		}
	}
	must(t, "streams", "delete", "s", "--wait")
	r = millrace(t, "streams", "describe", "s")
	if r.code != exitFailure || !strings.Contains(r.stderr, "millrace streams list") {
		t.Errorf("describe of nothing: %d %s", r.code, r.stderr)
	}
}

func TestResharding(t *testing.T) {
	startServer(t)
	must(t, "streams", "create", "s", "--wait")
	arn := "arn:aws:kinesis:us-east-1:000000000000:stream/s"
	must(t, "streams", "split", arn, "shardId-000000000000", "--wait")
	must(t, "streams", "split", "s", "shardId-000000000001", "--at", "7", "--wait")
	must(t, "streams", "merge", "s", "shardId-000000000003", "shardId-000000000004", "--wait")
	if out := must(t, "streams", "update-shard-count", "s", "1", "--wait"); !strings.Contains(out, "from 2 to 1 shards") {
		t.Errorf("update-shard-count: %q", out)
	}
	view := objects(t, must(t, "streams", "describe", "s", "-o", "json"))[0]
	shards := view["Shards"].([]any)
	byID := make(map[string]map[string]any)
	for _, s := range shards {
		byID[s.(map[string]any)["ShardId"].(string)] = s.(map[string]any)
	}
	if s := byID["shardId-000000000002"]; s["StartingHashKey"] != "170141183460469231731687303715884105728" || s["ParentShardId"] != "shardId-000000000000" {
		t.Errorf("second half of the split: %v", s)
	}
	if s := byID["shardId-000000000003"]; s["EndingHashKey"] != "6" || s["Open"] != false {
		t.Errorf("first part of the split at 7: %v", s)
	}
	if s := byID["shardId-000000000005"]; s["ParentShardId"] != "shardId-000000000003" || s["AdjacentParentShardId"] != "shardId-000000000004" {
		t.Errorf("merged shard: %v", s)
	}
	r := millrace(t, "streams", "split", "s", "shardId-000000000099")
	if r.code != exitFailure || !strings.Contains(r.stderr, "has no shard") {
		t.Errorf("split of nothing: %d %s", r.code, r.stderr)
	}
}

func TestStreamNamesAreCompleted(t *testing.T) {
	startServer(t)
	must(t, "streams", "create", "orders", "--wait")
	for _, line := range []string{"tail", "put", "streams delete", "streams describe"} {
		args := append([]string{"__complete"}, strings.Fields(line)...)
		if out := must(t, append(args, "")...); !strings.HasPrefix(out, "orders\n") {
			t.Errorf("completion of %s: %q", line, out)
		}
	}
}
