package ledger

import "fmt"

// Missing returns which records were not processed at all. It is for producers
// that promise no order.
func Missing(entries []Entry, keys []string, perKey int) []string {
	seen := map[string]map[int]bool{}
	for _, e := range entries {
		if seen[e.Key] == nil {
			seen[e.Key] = map[int]bool{}
		}
		seen[e.Key][e.Count] = true
	}
	var wrong []string
	for _, key := range keys {
		for count := range perKey {
			if !seen[key][count] {
				wrong = append(wrong, fmt.Sprintf("key %s: record %d was not processed", key, count))
			}
		}
	}
	return wrong
}

// Keys names the partition keys of a run.
func Keys(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("key-%03d", i)
	}
	return all
}
