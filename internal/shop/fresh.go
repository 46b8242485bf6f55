package shop

import "sync"

// fresh are the keys of those who registered with a form a moment ago: they are shown on the next page, once, and kept
// nowhere.
type fresh struct {
	mu   sync.Mutex
	keys map[string]string // by person
}

func newFresh() *fresh { return &fresh{keys: map[string]string{}} }

func (f *fresh) put(person, key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys[person] = key
}

func (f *fresh) take(person string) (key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key = f.keys[person]
	delete(f.keys, person)
	return key
}
