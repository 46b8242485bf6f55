package limit

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// Buckets limit how often each of many keys may do something. It may be used by several goroutines.
type Buckets struct {
	mu    sync.Mutex
	known *simplelru.LRU[string, *rate.Limiter]
	every rate.Limit
	burst int
	now   func() time.Time
}

// maxKeys is how many keys are kept, of about 200 bytes each. The key that was asked for longest ago is forgotten first, and is
// as one that was never seen: whoever can ask under so many keys is not held by any of them.
const maxKeys = 1 << 16

// NewBuckets lets each key do something burst times at once, and then once in every so long. Now is the clock.
func NewBuckets(burst int, every time.Duration, now func() time.Time) *Buckets {
	known, err := simplelru.NewLRU[string, *rate.Limiter](maxKeys, nil)
	if err != nil {
		panic(err) // maxKeys is positive
	}
	return &Buckets{known: known, every: rate.Every(every), burst: max(burst, 1), now: now}
}

// Take says whether a key may do it now, and counts that it did. If not, nothing is counted, and wait is how long until
// it may.
func (b *Buckets) Take(key string) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	bucket, known := b.known.Get(key)
	if !known {
		bucket = rate.NewLimiter(b.every, b.burst)
		b.known.Add(key, bucket)
	}
	now := b.now()
	turn := bucket.ReserveN(now, 1)
	if wait = turn.DelayFrom(now); wait > 0 {
		turn.CancelAt(now)
		return max(wait.Round(time.Millisecond), time.Millisecond), false
	}
	return 0, true
}
