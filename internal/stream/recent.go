package stream

// recentMost is how many ids are remembered at least, and half of how many at most: some minutes of a busy door.
const recentMost = 1 << 16

// recentIDs remembers the message ids seen last. It is a hint, no guard: what it forgets, the stream and the database
// still know.
type recentIDs struct{ young, old map[string]struct{} }

// add says whether the id is new here. The empty id always is.
func (r *recentIDs) add(id string) bool {
	if id == "" {
		return true
	}
	if _, ok := r.young[id]; ok {
		return false
	}
	_, known := r.old[id]
	if len(r.young) >= recentMost || r.young == nil {
		r.young, r.old = make(map[string]struct{}), r.young
	}
	r.young[id] = struct{}{}
	return !known
}
