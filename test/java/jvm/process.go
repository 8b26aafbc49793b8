package jvm

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// Options say what to run of a module.
type Options struct {
	// Main is the class with the main method.
	Main string
	// Properties are system properties, as name=value.
	Properties []string
	// Args are the arguments of main.
	Args []string
	// Env are further variables, as NAME=value.
	Env []string
	// Name names the process in the log of a failed test; "" is Main.
	Name string
}

// Process is a running virtual machine.
type Process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when the process has ended
}

// Start starts a class of a module. The process is killed at the end of the
// test if it still runs then, and the end of its output is shown if the test
// failed.
func Start(tb testing.TB, module string, o Options) *Process {
	tb.Helper()
	args := []string{
		// Short lives on few cores: the first compiler and the serial
		// collector are the cheapest.
		"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m",
		// The stubs of the AWS SDK look for these outside of the machine.
		"-Daws.disableEc2Metadata=true",
		"-Dorg.slf4j.simpleLogger.showDateTime=true",
		"-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=" + level(),
	}
	for _, property := range o.Properties {
		args = append(args, "-D"+property)
	}
	args = append(args, "-cp", classpath(tb, module), o.Main)
	return Run(tb, o.Name, exec.Command("java", slices.Concat(args, o.Args)...), o.Env)
}

// level is how much the clients log; JAVA_LOG overrides it.
func level() string {
	if set := os.Getenv("JAVA_LOG"); set != "" {
		return set
	}
	return "warn"
}

// Folder is the folder for what processes write: one of the test's own, or what
// JAVA_LOGS names, to be read after the test.
func Folder(tb testing.TB) string {
	if set := os.Getenv("JAVA_LOGS"); set != "" {
		return set
	}
	return tb.TempDir()
}

// Run starts any command under the same care as Start.
func Run(tb testing.TB, name string, cmd *exec.Cmd, env []string) *Process {
	tb.Helper()
	if name == "" {
		name = filepath.Base(cmd.Path)
	}
	log, err := os.Create(filepath.Join(Folder(tb), name+".log"))
	if err != nil {
		tb.Fatal(err)
	}
	defer log.Close()
	cmd.Env = slices.Concat(os.Environ(), []string{"AWS_EC2_METADATA_DISABLED=true"}, env)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	p := &Process{cmd: cmd, log: log.Name(), done: make(chan struct{})}
	go func() {
		cmd.Wait()
		close(p.done)
	}()
	tb.Cleanup(func() {
		p.Kill()
		if tb.Failed() {
			tb.Logf("%s said:\n%s", name, tail(p.Output(), 8000))
		}
	})
	return p
}

// Kill ends the process with SIGKILL and waits until it is gone.
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	<-p.done
}

// Stop ends the process with SIGTERM, and with SIGKILL after a while.
func (p *Process) Stop(within time.Duration) {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(within):
		p.Kill()
	}
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.done }

// Output is all that the process has written so far.
func (p *Process) Output() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}

// Wait waits for the process to end by itself and returns its exit code. It
// fails the test when that takes longer than the given time.
func (p *Process) Wait(tb testing.TB, within time.Duration) int {
	tb.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		p.Kill()
		tb.Fatalf("still running after %v\n%s", within, tail(p.Output(), 8000))
		return -1
	}
}
