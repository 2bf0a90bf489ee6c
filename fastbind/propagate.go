package fastbind

import (
	"go/types"
)

// propagate carries effects from callees to callers until nothing changes. Each
// round looks one call further, so that the chain kept is a shortest one.
func (u *unit) propagate() {
	for u.round() {
	}
}

// found is an effect that a round discovered; it counts from the next round on.
type found struct {
	function *function
	category category
	effect   effect
}

func (u *unit) round() bool {
	var news []found
	for _, f := range u.order {
		for c := range categories {
			if f.effects[c] != nil {
				continue
			}
			if e, ok := u.first(f, c); ok {
				news = append(news, found{f, c, e})
			}
		}
	}
	for _, n := range news {
		n.function.effects[n.category] = &n.effect
	}
	return len(news) > 0
}

// first returns the effect of a category that comes first in a function.
func (u *unit) first(f *function, c category) (effect, bool) {
	for _, s := range f.sites {
		if e, ok := u.at(s, c); ok {
			return e, true
		}
	}
	return effect{}, false
}

// at returns the effect of a category that a site has, as far as is known by now. Nobody waits
// for what another goroutine does, but it does it.
func (u *unit) at(s site, c category) (effect, bool) {
	if s.async && (c == waits || c == locks || c == hidden) {
		return effect{}, false
	}
	switch {
	case s.direct != nil:
		return *s.direct, s.direct.Kind.category() == c
	case s.lit != nil:
		e, ok := u.within(u.nodes[s.lit], c)
		return e.through(s.label), ok
	case u.objects[s.fn] != nil:
		e, ok := u.within(u.objects[s.fn], c)
		return e.through(labelOf(s.fn, u.pass.Pkg)), ok
	default:
		return u.imported(s.fn, c)
	}
}

func (u *unit) within(f *function, c category) (effect, bool) {
	if f == nil || f.effects[c] == nil {
		return effect{}, false
	}
	return *f.effects[c], true
}

// imported returns the effect that a fact tells of a function of another package.
func (u *unit) imported(fn *types.Func, c category) (effect, bool) {
	fact := u.fact(fn)
	if fact == nil || !c.crosses() && !u.sameModule(fn.Pkg()) {
		return effect{}, false
	}
	for _, e := range fact.Effects {
		if e.Kind.category() == c {
			return e.through(labelOf(fn, u.pass.Pkg)), true
		}
	}
	return effect{}, false
}

// sameModule says whether a package was analysed as one of the same module.
func (u *unit) sameModule(p *types.Package) bool {
	if p == u.pass.Pkg {
		return true
	}
	var fact packageFact
	return p != nil && u.pass.ImportPackageFact(p, &fact) && fact.Module == moduleOf(u.pass)
}

// list returns the effects of a function in the order of categories.
func (f *function) list() []effect {
	var all []effect
	for _, e := range f.effects {
		if e != nil {
			all = append(all, *e)
		}
	}
	return all
}
