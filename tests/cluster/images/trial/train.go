package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// The trial was told to end by a signal.
var errSignal = errors.New("ended by a signal")

// The channel on which SIGTERM arrives; nothing ever does where it is ignored. Without a handler the kernel would not
// deliver it to the first process of a container at all.
func listen(ignore bool) <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	if ignore {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
	} else {
		signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	}
	return signals
}

// train goes through the steps and returns the last loss, and whether the answer to a report was to stop.
func train(o *options, final float64, signals <-chan os.Signal) (float64, bool, error) {
	loss := final
	for step := 1; step <= o.steps; step++ {
		if stopped(signals, o.stepTime) {
			return loss, false, errSignal
		}
		loss = final + o.lossOffset + 1 - float64(step)/float64(o.steps)
		if path := os.Getenv("ARGO_PROGRESS_FILE"); path != "" {
			if err := write(path, fmt.Sprintf("%d/%d", step, o.steps)); err != nil {
				return loss, false, err
			}
		}
		if !o.report {
			continue
		}
		decision, err := report(step, o.metric, loss, signals)
		if err != nil {
			return loss, false, err
		}
		fmt.Printf("step %d %s %v: %s\n", step, o.metric, loss, decision)
		if decision == "stop" {
			return loss, true, nil
		}
	}
	return loss, false, nil
}

// linger lives on as the flags say.
func linger(o *options, signals <-chan os.Signal) error {
	if o.live > 0 && stopped(signals, o.live) {
		return errSignal
	}
	for o.until != "" {
		if _, err := os.Stat(o.until); err == nil {
			break
		}
		if stopped(signals, 50*time.Millisecond) {
			return errSignal
		}
	}
	// In turns, because a Go program whose every goroutine waits for nothing is ended as deadlocked.
	for o.forever {
		if stopped(signals, time.Minute) {
			return errSignal
		}
	}
	return nil
}

func stopped(signals <-chan os.Signal, within time.Duration) bool {
	select {
	case <-signals:
		return true
	case <-time.After(within):
		return false
	}
}

var client = http.Client{Timeout: 30 * time.Second}

// How often a report is tried while tunebot is away, a second apart: it may be restarted at any time.
const attempts = 60

// report tells tunebot of a step and returns its decision, `continue` or `stop`.
func report(step int, metric string, loss float64, signals <-chan os.Signal) (string, error) {
	body, err := json.Marshal(map[string]any{"step": step, "metrics": map[string]float64{metric: loss}})
	if err != nil {
		return "", err
	}
	for attempt := 1; ; attempt++ {
		decision, again, err := post(body)
		if err == nil || !again || attempt == attempts {
			return decision, err
		}
		fmt.Fprintf(os.Stderr, "trial: report of step %d, try %d: %v\n", step, attempt, err)
		if stopped(signals, time.Second) {
			return "", errSignal
		}
	}
}

// post sends one report; the second answer says whether another try may help.
func post(body []byte) (string, bool, error) {
	request, err := http.NewRequest(http.MethodPost, os.Getenv("TUNEBOT_REPORT_URL"), bytes.NewReader(body))
	if err != nil {
		return "", false, fmt.Errorf("TUNEBOT_REPORT_URL: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("TUNEBOT_TOKEN"))
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return "", true, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", true, err
	}
	if response.StatusCode != http.StatusOK {
		again := response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500
		return "", again, fmt.Errorf("answered with %s: %s", response.Status, text)
	}
	var answer struct {
		Decision string `json:"decision"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", false, fmt.Errorf("the answer %q cannot be read: %w", text, err)
	}
	if answer.Decision != "continue" && answer.Decision != "stop" {
		return "", false, fmt.Errorf("the answer %q is neither continue nor stop", text)
	}
	return answer.Decision, false, nil
}

// write puts the whole text there at once, so that a reader never sees half of it.
func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
