package conform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A runner makes the checks of one mode.
type runner struct {
	lab     *lab
	life    *life
	first   time.Duration // what life needed for its first accept
	crashed bool          // life ended by itself
	failed  map[string]bool
	timings []Timing
}

func run(ctx context.Context, t Target, progress func(Result)) (Report, error) {
	begun := time.Now()
	report := Report{Schema: 1, Command: t.Argv, Timings: []Timing{}}
	for _, mode := range t.Modes {
		if err := runMode(ctx, t, mode, &report, progress); err != nil {
			return report, err
		}
	}
	report.Millis = millis(time.Since(begun))
	report.Passed = report.Count(Fail) == 0
	return report, nil
}

func runMode(ctx context.Context, t Target, mode Mode, report *Report, progress func(Result)) (err error) {
	l, err := openLab(t, mode)
	if err != nil {
		return fmt.Errorf("cannot make a place to run in: %w", err)
	}
	defer func() { err = errors.Join(err, l.close()) }()
	r := &runner{lab: l, failed: map[string]bool{}}
	defer func() { err = errors.Join(err, r.closeLife()) }()
	for _, c := range Checks() {
		result := r.make(ctx, c)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.failed[c.Name] = result.Status == Fail
		report.Results = append(report.Results, result)
		progress(result)
	}
	report.Timings = append(report.Timings, r.timings...)
	return nil
}

// make makes one check.
func (r *runner) make(ctx context.Context, c Check) Result {
	result := Result{Mode: r.lab.mode, Name: c.Name, Promise: c.Promise, Why: c.Why, Hint: c.Hint}
	begun := time.Now()
	detail, err := r.attempt(ctx, c)
	result = judge(result, detail, err)
	result.Duration = time.Since(begun)
	result.Millis = millis(result.Duration)
	var w *withOutput
	if errors.As(err, &w) && result.Status == Fail {
		result.Output = w.output
	}
	return result
}

func (r *runner) attempt(ctx context.Context, c Check) (string, error) {
	if err := r.applies(c); err != nil {
		return "", err
	}
	if f := r.onLife(c.Name); f != nil {
		return r.lookAtLife(ctx, f)
	}
	if err := r.closeLife(); err != nil {
		return "", err
	}
	if r.crashed {
		return "", &inapplicable{"it ended before it was asked to (" + stops + "), and this needs it alive"}
	}
	return r.inTrial(ctx, r.ofItsOwn(c.Name))
}

// applies says why a check does not.
func (r *runner) applies(c Check) error {
	if c.only != "" && c.only != r.lab.mode {
		return &inapplicable{inOther(c.only)}
	}
	if slices.Contains(r.lab.t.Skip, c.Name) {
		return &inapplicable{"left out at the user's wish"}
	}
	for _, need := range c.needs {
		if r.failed[need] {
			return &inapplicable{need + " failed, and without it this cannot be looked at"}
		}
	}
	return nil
}

// onLife returns the checks that look at the one life; nil for others.
func (r *runner) onLife(name string) func(context.Context, *life) (string, error) {
	return map[string]func(context.Context, *life) (string, error){
		takesListener: checkTakesListener, binds: checkBinds, answers: checkAnswers, oneListener: checkOneListener,
		keepsMode: checkKeepsMode, logs: checkLog, children: checkChildren, stops: checkStops,
		keepsPath: checkKeepsPath, keepsListener: checkKeepsListener,
	}[name]
}

// ofItsOwn returns the checks that start daemons of their own.
func (r *runner) ofItsOwn(name string) func(context.Context, *trial) (string, error) {
	return map[string]func(context.Context, *trial) (string, error){
		announces: checkReady, queue: checkQueue, state: r.checkState, drains: r.checkDrains,
		survivesBroker: checkSurvivesBroker, twoAtOnce: checkTwoAtOnce, speed: r.checkSpeed, restarts: checkRestart,
	}[name]
}

func (r *runner) lookAtLife(ctx context.Context, f func(context.Context, *life) (string, error)) (string, error) {
	if r.life == nil {
		tr, err := r.lab.trial()
		if err != nil {
			return "", err
		}
		r.life = &life{trial: tr}
	}
	detail, err := f(ctx, r.life)
	if dead := r.life.dead(); err != nil && !its(err) && dead != nil {
		err = dead // it went while it was being looked at
	}
	return detail, r.life.trial.explain(err)
}

func (r *runner) closeLife() error {
	if r.life == nil {
		return nil
	}
	v := r.life
	r.life, r.first, r.crashed = nil, v.first, v.crashed
	return v.trial.close()
}

func (r *runner) inTrial(ctx context.Context, f func(context.Context, *trial) (string, error)) (detail string, err error) {
	tr, err := r.lab.trial()
	if err != nil {
		return "", err
	}
	detail, err = f(ctx, tr)
	err = tr.explain(err)
	return detail, errors.Join(err, tr.close())
}

// withOutput is an error together with what the daemon printed last.
type withOutput struct {
	error
	output string
}

func (e *withOutput) Unwrap() error { return e.error }

// explain adds the daemon's last words to what it did wrong.
func (tr *trial) explain(err error) error {
	if err == nil {
		return nil
	}
	if !its(err) {
		return err
	}
	return &withOutput{err, tr.output()}
}
