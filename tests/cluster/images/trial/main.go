// trial is what the test cluster's workflows run: a stand-in for a training program whose course the test decides.
//
//	trial quadratic [flags] [NAME=NUMBER...]   the objective is the sum of (NUMBER - --optimum)^2
//	trial constant [flags]                     the objective is --value
//	trial search [flags] NAME=LOW..HIGH...     searches by itself: --trials evaluations of quadratic; writes the best
//	                                           parameters, its objective and the table of the trials
//
// Flags, for what happens on the way (`trial quadratic -help` lists all):
//
//	--steps=N --step-time=1s   N steps, each that long
//	--until=PATH               after the last step wait until this file is there, or for a signal
//	--live=30s                 after the last step go on living that long
//	--forever                  after the last step never end by itself
//	--ignore-term              take no notice of SIGTERM: only SIGKILL ends it
//	--exit=CODE                end with this code, after everything else
//	--report                   report each step to $TUNEBOT_REPORT_URL with $TUNEBOT_TOKEN, and end when told to stop
//
// The loss of step k of N is the objective + (1 - k/N), so that it falls to the objective; --loss-offset raises all of them,
// for a trial that a pruner should stop. Progress goes to $ARGO_PROGRESS_FILE as `k/N` where that is set. After the answer
// "stop" the objective is the last loss. Exit codes: --exit when all went well, 2 for wrong usage, 143 after a signal, 1 when
// something failed.
package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

func main() {
	options, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "trial:", err)
		os.Exit(2)
	}
	if err := run(options); err != nil {
		fmt.Fprintln(os.Stderr, "trial:", err)
		if errors.Is(err, errSignal) {
			// As a shell says it.
			os.Exit(128 + int(syscall.SIGTERM))
		}
		os.Exit(1)
	}
	os.Exit(options.exit)
}

func run(options *options) error {
	signals := listen(options.ignoreTerm)
	if options.function == "search" {
		return search(options)
	}
	final := options.objective()
	last, told, err := train(options, final, signals)
	if err != nil {
		return err
	}
	if told {
		final = last
	} else if err := linger(options, signals); err != nil {
		return err
	}
	fmt.Printf("objective %v\n", final)
	return write(options.out, fmt.Sprintf("%v", final))
}
