package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"millrace/internal/server"
)

func (a *app) certCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cert",
		Short: "Work with the TLS certificates of a server",
		Long: `Work with the TLS certificates of a server. Unless told otherwise with
--tls-cert, a server makes a CA of its own, which clients must be told to trust.`,
		Example: example(
			"millrace cert export-ca --out millrace-ca.pem",
			"millrace cert show",
		),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.exportCACommand(), a.showCertCommand())
	return cmd
}

func (a *app) exportCACommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export-ca",
		Short: "Write the certificate of the server's own CA, for clients to trust",
		Long: `Write the certificate of the server's own CA, in PEM, for clients to trust. It
comes from the data directory, or with --endpoint from a running server, which
is as safe as the way there: compare the fingerprint if that is not this machine.`,
		Example: example(
			"millrace cert export-ca --data /var/lib/millrace --out millrace-ca.pem",
			"millrace cert export-ca --endpoint https://127.0.0.1:4567 > millrace-ca.pem",
			"export AWS_CA_BUNDLE=$PWD/millrace-ca.pem   # what AWS's tools and millrace's own trust",
		),
		Args: cobra.NoArgs,
	}
	data := dataFlag(cmd)
	out := cmd.Flags().String("out", "", "file to write; default stdout")
	cmd.RunE = a.action(func(ctx context.Context, _ []string) error {
		return a.exportCA(ctx, cmd.Flags().Changed("data"), *data, *out)
	})
	return cmd
}

func dataFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("data", "./millrace-data", "data directory of the server")
}

func (a *app) exportCA(ctx context.Context, named bool, data, out string) error {
	if named && a.endpoint != "" {
		return usagef("--data and --endpoint are two places to take the CA from: give one")
	}
	ca, err := a.findCA(ctx, data)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	switch {
	case out != "":
		if err := os.WriteFile(out, text, 0o644); err != nil { // it is for everybody
			return err
		}
	case a.output != "json":
		if _, err := a.stdout.Write(text); err != nil {
			return err
		}
	}
	if a.output == "json" {
		return a.printJSON(struct{ PEM, Fingerprint string }{string(text), fingerprint(ca)})
	}
	fmt.Fprintf(a.stderr, "SHA-256 of the CA: %s\n", fingerprint(ca)) // stdout may be the file
	return nil
}

func (a *app) findCA(ctx context.Context, data string) (*x509.Certificate, error) {
	if a.endpoint == "" {
		text, err := server.CACertificate(data)
		if err != nil {
			return nil, fmt.Errorf("%w\nName it with --data, or a running server with --endpoint.", err)
		}
		list, err := parseCertificates(text)
		if err != nil {
			return nil, err
		}
		return list[0], nil
	}
	list, err := a.served(ctx)
	if err != nil {
		return nil, err
	}
	last := list[len(list)-1]
	if !last.IsCA || last.CheckSignatureFrom(last) != nil {
		return nil, fmt.Errorf("%s has no CA of its own: its certificate was issued by %s", a.endpoint, last.Issuer)
	}
	for i, c := range list[:len(list)-1] {
		if err := c.CheckSignatureFrom(list[i+1]); err != nil {
			return nil, fmt.Errorf("the certificate of %s does not belong to the CA beside it: %w", a.endpoint, err)
		}
	}
	return last, nil
}

func (a *app) showCertCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the server's certificate and its CA",
		Example: example(
			"millrace cert show --data /var/lib/millrace",
			"millrace cert show --endpoint https://127.0.0.1:4567 --output json",
		),
		Args: cobra.NoArgs,
	}
	data := dataFlag(cmd)
	cmd.RunE = a.action(func(ctx context.Context, _ []string) error {
		if cmd.Flags().Changed("data") && a.endpoint != "" {
			return usagef("--data and --endpoint are two places to look at: give one")
		}
		return a.showCert(ctx, *data)
	})
	return cmd
}

func (a *app) showCert(ctx context.Context, data string) error {
	var list []*x509.Certificate
	var err error
	if a.endpoint != "" {
		list, err = a.served(ctx)
	} else {
		list, err = stored(data)
	}
	if err != nil {
		return err
	}
	for i, c := range list {
		view := certView{
			Subject: c.Subject.String(), Issuer: c.Issuer.String(), CA: c.IsCA, Names: certNames(c),
			NotBefore: c.NotBefore, NotAfter: c.NotAfter, Fingerprint: fingerprint(c),
		}
		if a.output == "json" {
			err = a.printJSON(view)
		} else {
			if i > 0 {
				fmt.Fprintln(a.stdout)
			}
			err = view.write(a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// certView is what cert show says of a certificate.
type certView struct {
	Subject, Issuer     string
	CA                  bool
	Names               []string
	NotBefore, NotAfter time.Time
	Fingerprint         string
}

func (v certView) write(a *app) error {
	rows := [][]string{{"subject", printable(v.Subject)}, {"issuer", printable(v.Issuer)}}
	if len(v.Names) > 0 {
		rows = append(rows, []string{"names", printable(strings.Join(v.Names, ", "))})
	}
	return table(a.stdout, append(rows,
		[]string{"valid", localTime(&v.NotBefore) + " to " + localTime(&v.NotAfter)},
		[]string{"SHA-256", v.Fingerprint}))
}

// stored reads the certificates that a server has made, its own first.
func stored(data string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(filepath.Join(data, "tls", "server.pem"))
	if os.IsNotExist(err) {
		return nil, fmt.Errorf("there is no certificate in %s: the server makes it when the first client wants TLS", data)
	}
	if err != nil {
		return nil, err
	}
	return parseCertificates(text)
}
