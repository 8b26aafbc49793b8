package salvage

import (
	"fmt"

	"millrace/internal/catalog"
	"millrace/internal/engine"
	"millrace/internal/engine/disk"
)

// knowledge is the newest state of the catalog that can be read.
type knowledge struct {
	state *catalog.State
	at    engine.Index
	// complete says that nothing of the log is missing, so that a stream that
	// is not in state was deleted.
	complete bool
	problems []string
}

// learn applies what there is of the catalog's log. What cannot be read is
// passed over: later commands that depend on it are refused by the state.
func learn(found disk.CatalogFound) *knowledge {
	k := &knowledge{state: catalog.NewState(), at: found.At, complete: found.Complete}
	problem := func(format string, args ...any) {
		k.complete = false
		k.problems = append(k.problems, fmt.Sprintf(format, args...))
	}
	if !found.Complete {
		problem("a part of the catalog's log is missing: what was changed there is not known")
	}
	if found.Snapshot != nil {
		state, err := catalog.Restore(found.Snapshot)
		if err != nil {
			problem("the catalog's snapshot cannot be read: %v", err)
		} else {
			k.state = state
		}
	}
	for _, c := range found.Commands {
		k.at = c.At
		command, err := catalog.Decode(c.Body)
		if err != nil {
			problem("catalog command %d cannot be read: %v", c.At, err)
			continue
		}
		k.state.Apply(command)
	}
	return k
}

// shard finds a shard in the catalog, nil where it is not there.
func (k *knowledge) shard(ref engine.ShardRef) *catalog.Shard {
	if st := k.state.StreamByUID(ref.Stream); st != nil {
		return st.Shard(ref.Shard)
	}
	return nil
}

// name is what an operator calls a stream: its name where the catalog has it.
func (k *knowledge) name(uid engine.StreamUID) string {
	if st := k.state.StreamByUID(uid); st != nil {
		return st.Name.Stream
	}
	if uid == (engine.StreamUID{}) {
		return ""
	}
	return uid.String()
}
