package conform

import "context"

// Run makes all checks, and calls progress (which may be nil) with each result as
// it comes. Its error is a *TargetError, the cause of ctx's end, or of the system; the
// report then has what was found out before.
func Run(ctx context.Context, t Target, progress func(Result)) (Report, error) {
	t = t.filled()
	if err := t.check(); err != nil {
		return Report{}, &TargetError{err}
	}
	if progress == nil {
		progress = func(Result) {}
	}
	return run(ctx, t, progress)
}
