package conform

import (
	"context"
	"time"
)

// The pauses between two looks at what has no event, such as a backlog that
// somebody else accepts from. A pause is a fiftieth of what has passed, so that what is
// measured is right to 2 %.
const (
	shortPause = 100 * time.Microsecond
	longPause  = 20 * time.Millisecond
	fraction   = 50
)

// await looks until look says that it is done. Its error is look's, or the cause
// of ctx's end.
func await(ctx context.Context, look func() (bool, error)) error {
	begun := time.Now()
	for {
		if done, err := look(); done || err != nil {
			return err
		}
		timer := time.NewTimer(min(max(time.Since(begun)/fraction, shortPause), longPause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// within is ctx with a limit whose cause says what did not happen.
func within(ctx context.Context, limit time.Duration, what string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, &limitError{what, limit})
}
