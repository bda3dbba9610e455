// Package osspecific holds what the Linux build of Argo's executor needs to handle processes. The release v4.0.2 has these
// functions for other systems, but its Go module lacks the file for Linux; tests/cluster/lib/build.sh puts this one in its
// place where it is missing.
package osspecific

import (
	"os"
	"syscall"

	"github.com/argoproj/argo-workflows/v4/util/errors"
)

// Term is the signal that asks a process to end.
var Term = syscall.SIGTERM

// CanIgnoreSignal tells the signals that the executor gets on its own behalf: of its children, and of Go's scheduler.
func CanIgnoreSignal(received os.Signal) bool {
	switch received {
	case syscall.SIGCHLD, syscall.SIGURG:
		return true
	default:
		return false
	}
}

// Setpgid makes the process that is about to start the leader of a group of its own, so that Kill reaches its children.
func Setpgid(attributes *syscall.SysProcAttr) {
	attributes.Setpgid = true
}

// Kill sends the signal to the whole group of the process; to the process alone when it has no group any more.
func Kill(pid int, sent syscall.Signal) error {
	target := pid
	if group, err := syscall.Getpgid(pid); err == nil {
		target = -group
	}
	return syscall.Kill(target, sent)
}

// Wait returns when the process has ended. The executor is the first process of its container, so it reaps every orphan on
// the way. A process that a signal ended has the exit code that a shell gives it.
func Wait(process *os.Process) error {
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR, err == nil && ended != process.Pid:
			continue
		case err != nil:
			return os.NewSyscallError("wait4", err)
		case status.Signaled():
			return errors.NewExitErr(128 + int(status.Signal()))
		default:
			// No error for 0.
			return errors.NewExitErr(status.ExitStatus())
		}
	}
}
