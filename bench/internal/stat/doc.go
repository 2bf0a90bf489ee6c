// Package stat says what a pile of measured values amounts to: quantiles, and how
// two sides that were measured in turn compare.
//
// The values of one kind of machine noise, a neighbour who takes the processor for
// a while, hit whatever runs at that moment. So sides are measured pair by pair,
// and what is compared is either the two medians (with an interval from resampling
// the pairs) or the quotients of the single pairs (with their quartiles). Where the
// two disagree the noise was larger than the difference.
//
// # Concurrency
//
// All functions are pure.
//
// # Errors
//
// There are none: of nothing everything is NaN.
package stat
