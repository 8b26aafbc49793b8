package main

import (
	"context"

	"github.com/spf13/cobra"
)

const rootLong = `millrace is a Kinesis Data Streams server that runs anywhere, and the tools to
work with streams on it or on any other Kinesis endpoint.

The server is 'millrace serve'; 'millrace doctor', 'backup' and 'restore' look
after its data. All other commands are clients: they call
http://127.0.0.1:4567 unless --endpoint or AWS's environment says otherwise
(AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, AWS_REGION, AWS_PROFILE,
AWS_ACCESS_KEY_ID and so on, and the files under ~/.aws). '--endpoint aws' is
AWS itself. Calls to this machine need no credentials.

With --output json results are written as JSON, one object a line.
Exit codes: 0 success, 1 failure, 2 a command line that cannot be understood.`

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "millrace",
		Short: "Kinesis Data Streams in one program",
		Long:  rootLong,
		Example: example(
			"millrace serve",
			"millrace streams create demo --wait",
			"millrace put demo 'hello'",
			"millrace tail demo --from trim-horizon",
		),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := root.PersistentFlags()
	f.StringVar(&a.endpoint, "endpoint", "", `URL to call, or "aws" (default `+defaultEndpoint+`)`)
	f.StringVar(&a.region, "region", "", "region to sign for, and the server's own (default us-east-1)")
	f.StringVar(&a.profile, "profile", "", "profile of AWS's shared config")
	f.StringVar(&a.ca, "ca", "", "file of a CA to trust, in PEM (default: AWS_CA_BUNDLE)")
	f.StringVarP(&a.output, "output", "o", "text", "text or json")
	a.completeValues(root, "output", "text", "json")
	root.AddCommand(
		a.serveCommand(),
		a.streamsCommand(),
		a.putCommand(),
		a.tailCommand(),
		a.benchCommand(),
		a.certCommand(),
		a.doctorCommand(),
		a.backupCommand(),
		a.restoreCommand(),
		a.versionCommand(),
	)
	return root
}

// completeValues lets the shell complete a flag with fixed values.
func (a *app) completeValues(cmd *cobra.Command, flag string, values ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag has no such name: a fault of this file's reader
	}
}

// completeStream lets the shell complete the first argument with the names of
// the streams at the endpoint.
func (a *app) completeStream(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
	defer cancel()
	client, err := a.client(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for s, err := range client.Streams(ctx) {
		if err != nil {
			break
		}
		names = append(names, deref(s.StreamName))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
