package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A parameter of the trial: a value, or for `search` a range.
type parameter struct {
	name      string
	low, high float64
}

type options struct {
	function   string
	parameters []parameter

	optimum, value, lossOffset float64
	metric                     string
	out, best, table           string

	steps, trials int
	seed          uint64
	stepTime      time.Duration

	report, forever, ignoreTerm bool
	live                        time.Duration
	until                       string
	exit                        int
}

func parse(arguments []string) (*options, error) {
	if len(arguments) == 0 {
		return nil, errors.New("say what to compute: quadratic, constant or search")
	}
	o := &options{function: arguments[0]}
	flags := flag.NewFlagSet("trial "+o.function, flag.ContinueOnError)
	flags.Float64Var(&o.optimum, "optimum", 0.5, "where quadratic is smallest, in every parameter")
	flags.Float64Var(&o.value, "value", 0, "what constant gives")
	flags.Float64Var(&o.lossOffset, "loss-offset", 0, "added to the loss of every reported step")
	flags.StringVar(&o.metric, "metric", "loss", "the name under which steps are reported")
	flags.StringVar(&o.out, "out", "/tmp/objective", "the file for the objective")
	flags.StringVar(&o.best, "best", "/tmp/best", "search: the file for the best parameters, a JSON object")
	flags.StringVar(&o.table, "table", "/tmp/trials", "search: the file for the table, a JSON array of {number, params, objective}")
	flags.IntVar(&o.trials, "trials", 8, "search: how many evaluations")
	flags.Uint64Var(&o.seed, "seed", 1, "search: which random numbers")
	flags.IntVar(&o.steps, "steps", 0, "how many steps")
	flags.DurationVar(&o.stepTime, "step-time", 0, "how long a step takes")
	flags.BoolVar(&o.report, "report", false, "report each step to $TUNEBOT_REPORT_URL")
	flags.StringVar(&o.until, "until", "", "wait for this file after the last step")
	flags.DurationVar(&o.live, "live", 0, "live that long after the last step")
	flags.BoolVar(&o.forever, "forever", false, "never end by itself")
	flags.BoolVar(&o.ignoreTerm, "ignore-term", false, "take no notice of SIGTERM")
	flags.IntVar(&o.exit, "exit", 0, "the exit code at the end")
	if err := flags.Parse(arguments[1:]); err != nil {
		return nil, err
	}
	for _, text := range flags.Args() {
		read, err := parseParameter(text, o.function == "search")
		if err != nil {
			return nil, err
		}
		o.parameters = append(o.parameters, read)
	}
	return o, o.check()
}

func (o *options) check() error {
	switch o.function {
	case "quadratic", "constant":
		return nil
	case "search":
		if o.trials < 1 || len(o.parameters) == 0 {
			return errors.New("search needs --trials of 1 or more and at least one NAME=LOW..HIGH")
		}
		return nil
	default:
		return fmt.Errorf("%q is none of quadratic, constant, search", o.function)
	}
}

func parseParameter(text string, isRange bool) (parameter, error) {
	name, value, found := strings.Cut(text, "=")
	if !found || name == "" {
		return parameter{}, fmt.Errorf("%q is not NAME=NUMBER (flags come before parameters)", text)
	}
	low, high := value, value
	if isRange {
		if low, high, found = strings.Cut(value, ".."); !found {
			return parameter{}, fmt.Errorf("%q is not NAME=LOW..HIGH", text)
		}
	}
	from, err := strconv.ParseFloat(low, 64)
	if err != nil {
		return parameter{}, fmt.Errorf("%q has no number: %w", text, err)
	}
	to, err := strconv.ParseFloat(high, 64)
	if err != nil {
		return parameter{}, fmt.Errorf("%q has no number: %w", text, err)
	}
	return parameter{name, from, to}, nil
}

// The objective of the trial's own parameters.
func (o *options) objective() float64 {
	if o.function == "constant" {
		return o.value
	}
	sum := 0.0
	for _, one := range o.parameters {
		sum += (one.low - o.optimum) * (one.low - o.optimum)
	}
	return sum
}
