package salvage

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"millrace/internal/catalog"
	"millrace/internal/engine"
	"millrace/internal/engine/disk"
	"millrace/internal/hashkey"
	"millrace/internal/streams"
)

// edit is a catalog snapshot that gets streams and shards that no command
// made. It works on the stored form (docs/catalog.md), and what comes out is
// checked as every snapshot is that is read.
type edit struct {
	form    snapshotForm
	streams []json.RawMessage
	added   []json.RawMessage
	changed map[engine.StreamUID][]shardForm
}

type snapshotForm struct {
	Version int                        `json:"v"`
	Parts   map[string]json.RawMessage `json:"parts"`
}

type streamForm struct {
	Name           catalog.Name   `json:"name"`
	UID            catalog.UID    `json:"uid"`
	Status         catalog.Status `json:"status"`
	Mode           catalog.Mode   `json:"mode"`
	CreatedMs      int64          `json:"created_ms"`
	RetentionHours int32          `json:"retention_hours"`
	Shards         []shardForm    `json:"shards"`
	NextShard      uint32         `json:"next_shard"`
}

type shardForm struct {
	Number      uint32           `json:"n"`
	Start       hashkey.Key      `json:"from"`
	End         hashkey.Key      `json:"to"`
	CreatedSec  int64            `json:"created_sec"`
	OpenedMs    int64            `json:"opened_ms"`
	ClosedMs    *int64           `json:"closed_ms,omitempty"`
	EndPosition *engine.Position `json:"end,omitempty"`
}

func openEdit(snapshot []byte) (*edit, error) {
	e := &edit{changed: map[engine.StreamUID][]shardForm{}}
	if err := json.Unmarshal(snapshot, &e.form); err != nil {
		return nil, err
	}
	return e, json.Unmarshal(e.form.Parts["streams"], &e.streams)
}

// close gives the snapshot with all that was added.
func (e *edit) close() ([]byte, error) {
	for i, raw := range e.streams {
		var id struct {
			UID catalog.UID `json:"uid"`
		}
		if err := json.Unmarshal(raw, &id); err != nil {
			return nil, err
		}
		more := e.changed[engine.StreamUID(id.UID)]
		if len(more) == 0 {
			continue
		}
		changed, err := withShards(raw, more)
		if err != nil {
			return nil, err
		}
		e.streams[i] = changed
	}
	part, err := json.Marshal(append(e.streams, e.added...))
	if err != nil {
		return nil, err
	}
	e.form.Parts["streams"] = part
	snapshot, err := json.Marshal(e.form)
	if err != nil {
		return nil, err
	}
	state, err := catalog.Restore(snapshot)
	if err != nil {
		return nil, err
	}
	return state.Snapshot(), nil
}

// withShards adds shards to a stream's stored form.
func withShards(raw json.RawMessage, more []shardForm) (json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	var old []json.RawMessage
	if members["shards"] != nil {
		if err := json.Unmarshal(members["shards"], &old); err != nil {
			return nil, err
		}
	}
	var next uint32
	if err := json.Unmarshal(members["next_shard"], &next); err != nil {
		return nil, err
	}
	byNumber := map[uint32]json.RawMessage{}
	for _, sh := range old {
		var n struct {
			Number uint32 `json:"n"`
		}
		if err := json.Unmarshal(sh, &n); err != nil {
			return nil, err
		}
		byNumber[n.Number] = sh
	}
	for _, sh := range more {
		byNumber[sh.Number], _ = json.Marshal(sh)
		next = max(next, sh.Number+1)
	}
	members["shards"], _ = json.Marshal(sortedValues(byNumber))
	members["next_shard"], _ = json.Marshal(next)
	return json.Marshal(members)
}

// addShards adds closed shards to a stream that the snapshot has.
func (e *edit) addShards(st *catalog.Stream, shards []*disk.ShardFound) {
	for _, f := range shards {
		e.changed[st.UID] = append(e.changed[st.UID], closedForm(f))
	}
}

// addStream adds a stream made of shards. Those that are not sealed get equal
// ranges in the order of their numbers, which is what they had if the stream
// was never resharded. Where all are sealed it gets one more, empty and open,
// whose number is returned.
func (e *edit) addStream(name string, uid engine.StreamUID, shards []*disk.ShardFound) (open *uint32) {
	form := streamForm{
		Name: catalog.Name{Account: recoveredAccount, Region: recoveredRegion, Stream: name}, UID: catalog.UID(uid),
		Status: catalog.Active, Mode: catalog.Provisioned, RetentionHours: recoveredHours,
	}
	writable := 0
	for _, f := range shards {
		if !f.Sealed {
			writable++
		}
		form.NextShard = max(form.NextShard, f.Ref.Shard+1)
		if opened := openedMs(f); form.CreatedMs == 0 || opened < form.CreatedMs {
			form.CreatedMs = opened
		}
	}
	ranges := hashkey.Ranges(max(1, writable))
	for _, f := range shards {
		if f.Sealed {
			form.Shards = append(form.Shards, closedForm(f))
			continue
		}
		form.Shards = append(form.Shards, shardForm{
			Number: f.Ref.Shard, Start: ranges[0].Start, End: ranges[0].End, CreatedSec: openedMs(f) / 1000, OpenedMs: openedMs(f),
		})
		ranges = ranges[1:]
	}
	if writable == 0 {
		now := time.Now().UnixMilli()
		form.Shards = append(form.Shards, shardForm{
			Number: form.NextShard, Start: ranges[0].Start, End: ranges[0].End, CreatedSec: now / 1000, OpenedMs: now,
		})
		open = new(form.NextShard)
		form.NextShard++
	}
	raw, err := json.Marshal(form)
	if err != nil {
		panic(err) // types of this package cannot fail to encode
	}
	e.added = append(e.added, raw)
	return open
}

func closedForm(f *disk.ShardFound) shardForm {
	whole := hashkey.Ranges(1)[0]
	return shardForm{
		Number: f.Ref.Shard, Start: whole.Start, End: whole.End, CreatedSec: openedMs(f) / 1000, OpenedMs: openedMs(f),
		ClosedMs: new(max(f.Arrival, openedMs(f))), EndPosition: new(f.Next),
	}
}

// openedMs is when a shard began to take records, as far as its records tell.
func openedMs(f *disk.ShardFound) int64 {
	if f.First != 0 {
		return f.Oldest
	}
	return time.Now().UnixMilli()
}

func shardID(f *disk.ShardFound) string { return streams.ShardID(f.Ref.Shard) }

// sortedValues are the values in the order of their keys.
func sortedValues(m map[uint32]json.RawMessage) []json.RawMessage {
	list := make([]json.RawMessage, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[k])
	}
	return list
}
