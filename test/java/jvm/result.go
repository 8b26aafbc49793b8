package jvm

import (
	"fmt"
	"os"
	"testing"
)

// Result prints one row for the table of clients when the test ends: client,
// version, what was run, and how that ended. Rows also go to the end of the
// file that MILLRACE_RESULTS names. The function that it returns sets what the
// row says beside the outcome, such as a count.
func Result(tb testing.TB, client, version, what string) func(detail string) {
	detail := ""
	tb.Cleanup(func() {
		outcome := "ok"
		switch {
		case tb.Failed():
			outcome = "failed"
		case tb.Skipped():
			outcome = "skipped"
		}
		if detail != "" {
			outcome += ", " + detail
		}
		row := fmt.Sprintf("RESULT | %s | %s | %s | %s\n", client, version, what, outcome)
		fmt.Print(row)
		record(tb, row)
	})
	return func(text string) { detail = text }
}

func record(tb testing.TB, row string) {
	path := os.Getenv("MILLRACE_RESULTS")
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		tb.Error(err)
		return
	}
	defer file.Close()
	if _, err := file.WriteString(row); err != nil {
		tb.Error(err)
	}
}
