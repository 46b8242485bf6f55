package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// spending asks for so much of somebody's credit, under a key.
func spending(key, user string, amount money.Amount) Spending {
	return Spending{Key: key, UserID: user, Amount: amount, By: "checkout"}
}

// redeem spends credit and expects to be let.
func (w *world) redeem(want Spending) Redemption {
	w.t.Helper()
	r, _, err := w.api.Redeem(w.ctx, want)
	if err != nil {
		w.t.Fatalf("%+v: %v", want, err)
	}
	return r
}

// rewarded is a world in which Alice has 10.00 usd for Bob's purchase, and Bob 5.00 usd.
func rewarded(t testing.TB) *world {
	t.Helper()
	w := newWorld(t, uncapped)
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon))
	w.apply(session(1, "bob", usd(1000), noon.Add(time.Hour)), charge(1, 0, noon.Add(time.Hour)))
	return w
}

func TestCreditIsSpentOnceForEachKey(t *testing.T) {
	w := rewarded(t)
	first := w.redeem(Spending{Key: "k1", UserID: "alice", Amount: usd(400), Note: "order 7", By: "checkout"})
	if want := (Redemption{ID: first.ID, UserID: "alice", Amount: usd(400), Note: "order 7", By: "checkout", At: w.now}); first != want {
		t.Errorf("%+v, not %+v", first, want)
	}
	w.now = w.now.Add(time.Hour)
	second, again, err := w.api.Redeem(w.ctx, Spending{Key: "k1", UserID: "alice", Amount: usd(400), Note: "order 7", By: "another"})
	if err != nil || !again || second != first {
		t.Errorf("the same key: %+v, %t, %v", second, again, err)
	}
	if read, err := w.api.Redemption(w.ctx, first.ID); err != nil || read != first {
		t.Errorf("read: %+v, %v", read, err)
	}
	for name, other := range map[string]Spending{
		"another amount":   {Key: "k1", UserID: "alice", Amount: usd(401), Note: "order 7"},
		"another currency": {Key: "k1", UserID: "alice", Amount: money.New("eur", 400), Note: "order 7"},
		"another user":     {Key: "k1", UserID: "bob", Amount: usd(400), Note: "order 7"},
		"another note":     {Key: "k1", UserID: "alice", Amount: usd(400)},
	} {
		if r, _, err := w.api.Redeem(w.ctx, other); !errors.Is(err, ErrKeyReused) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	w.wantBalances("alice has 6.00 usd\nbob has 5.00 usd")
	w.lawful()
}

func TestCreditThatIsNotThereIsNotSpent(t *testing.T) {
	w := rewarded(t)
	for name, tt := range map[string]struct {
		want Spending
		have money.Amount
	}{
		"a cent more":       {spending("a", "alice", usd(1001)), usd(1000)},
		"all there is":      {spending("b", "alice", usd(1<<62)), usd(1000)},
		"another currency":  {spending("c", "alice", money.New("eur", 1)), money.New("eur", 0)},
		"of the other side": {spending("d", "bob", usd(501)), usd(500)},
	} {
		_, _, err := w.api.Redeem(w.ctx, tt.want)
		short, ok := errors.AsType[*InsufficientError](err)
		if !ok || short.Have != tt.have {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.apply(session(2, "stranger", usd(1000), noon.Add(time.Hour)))
	for _, nobody := range []string{"nobody", "", "stranger", "alice' or '1'='1"} {
		if _, _, err := w.api.Redeem(w.ctx, spending("e", nobody, usd(1))); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", nobody, err)
		}
	}
	w.redeem(spending("f", "alice", usd(1000))) // to the last cent
	if _, _, err := w.api.Redeem(w.ctx, spending("g", "alice", usd(1))); err == nil {
		t.Error("there was more than all")
	}
	w.wantBalances("bob has 5.00 usd")
	w.lawful()
}

func TestSpentCreditCanBeGivenBackOnce(t *testing.T) {
	w := rewarded(t)
	spent := w.redeem(spending("k", "alice", usd(700)))
	w.now = w.now.Add(time.Hour)
	back, again, err := w.api.Reverse(w.ctx, spent.ID, "came back", "desk")
	if err != nil || again || back.ID != spent.ID || !back.ReversedAt.Equal(w.now) {
		t.Errorf("%+v, %t, %v", back, again, err)
	}
	w.wantBalances("alice has 10.00 usd\nbob has 5.00 usd")
	w.now = w.now.Add(time.Hour)
	second, again, err := w.api.Reverse(w.ctx, spent.ID, "once more", "desk")
	if err != nil || !again || second != back {
		t.Errorf("again: %+v, %t, %v", second, again, err)
	}
	if replay, again, err := w.api.Redeem(w.ctx, spending("k", "alice", usd(700))); err != nil || !again || replay.ReversedAt.IsZero() {
		t.Errorf("the key of what was given back: %+v, %t, %v", replay, again, err)
	}
	w.wantBalances("alice has 10.00 usd\nbob has 5.00 usd")
	for _, id := range []int64{0, -1, 4711, spent.ID + 1} { // the last is the reversal itself
		if _, _, err := w.api.Reverse(w.ctx, id, "", "desk"); !errors.Is(err, ErrNotFound) {
			t.Errorf("%d: %v", id, err)
		}
		if _, err := w.api.Redemption(w.ctx, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%d: %v", id, err)
		}
	}
	w.lawful()
}

// TestSpentCreditThatIsTakenBackIsADebt: a refund takes back what was granted, whether it is still there or not.
func TestSpentCreditThatIsTakenBackIsADebt(t *testing.T) {
	w := rewarded(t)
	w.redeem(spending("k", "alice", usd(900)))
	w.apply(charge(1, 1000, noon.Add(2*time.Hour)))
	w.wantBalances("alice has -9.00 usd") // and Bob nothing
	if _, _, err := w.api.Redeem(w.ctx, spending("l", "alice", usd(1))); err == nil {
		t.Error("a debt was spent")
	}
	w.lawful()
	w.apply(registered("carol", "C-ALICE", noon), session(2, "carol", usd(1000), noon.Add(3*time.Hour)))
	w.wantBalances("alice has 1.00 usd\ncarol has 5.00 usd")
	w.redeem(spending("m", "alice", usd(100)))
	w.lawful()
}

// TestWhoeverWasErasedSpendsNothing: nobody goes by the id any more, and what was spent stays in the books.
func TestWhoeverWasErasedSpendsNothing(t *testing.T) {
	w := rewarded(t)
	spent := w.redeem(spending("k", "alice", usd(300)))
	w.apply(fact.Event{Key: "ce:gone", Name: "gone", At: w.now, Erased: &fact.Erased{UserID: "alice", At: w.now}})
	if _, _, err := w.api.Redeem(w.ctx, spending("l", "alice", usd(1))); !errors.Is(err, ErrNotFound) {
		t.Errorf("spent: %v", err)
	}
	read, err := w.api.Redemption(w.ctx, spent.ID)
	if err != nil || read.UserID != "" || read.Amount != usd(300) {
		t.Errorf("%+v, %v", read, err)
	}
	if back, _, err := w.api.Reverse(w.ctx, spent.ID, "", "desk"); err != nil || back.UserID != "" {
		t.Errorf("%+v, %v", back, err)
	}
	w.lawful()
}

// TestNobodySpendsMoreThanThereIs races requests with one another and with workers who grant and take back, on one balance.
func TestNobodySpendsMoreThanThereIs(t *testing.T) {
	const rounds, askers = 8, 16
	w := rewarded(t)
	many := NewDatabase(openWide(t, w, "plusone_api"))
	many.clock = w.tools.clock
	for round := range rounds {
		buyer := fmt.Sprintf("buyer-%d", round)
		at := noon.Add(time.Hour + time.Duration(round)*time.Minute)
		w.apply(registered(buyer, "C-ALICE", noon), session(100+round, buyer, usd(1000), at), charge(100+round, 0, at)) // 10.00 more
		have := w.minorOf("alice", "usd")
		var spent atomic.Int64
		var wait sync.WaitGroup
		for asker := range askers {
			wait.Go(func() {
				// Two of each key, so that every request has one that races it.
				r, again, err := many.Redeem(w.ctx, spending(fmt.Sprintf("r%d-%d", round, asker/2), "alice", usd(300)))
				switch _, short := errors.AsType[*InsufficientError](err); {
				case err == nil && !again:
					spent.Add(r.Amount.Minor)
				case err != nil && !short:
					t.Errorf("%v", err)
				}
			})
		}
		if round%2 == 1 { // together with a refund of this purchase, which may come first or last
			wait.Go(func() { w.apply(charge(100+round, 1000, at.Add(time.Minute))) })
		}
		wait.Wait()
		left := w.minorOf("alice", "usd")
		if round%2 == 1 {
			left += 1000
		}
		if left != have-spent.Load() || round%2 == 0 && left < 0 || spent.Load() > have {
			t.Errorf("round %d: of %d %d were spent, and %d are left", round, have, spent.Load(), left)
		}
		if round%2 == 0 && left >= 300 {
			t.Errorf("round %d: %d are left, and somebody was told that there is less", round, left)
		}
	}
	w.lawful()
}

// openWide is a pool of many connections with the rights of a role.
func openWide(t testing.TB, w *world, role string) *pgxpool.Pool {
	t.Helper()
	dsn := w.pool.Config().ConnString()
	pool, err := Open(t.Context(), testkit.As(t, dsn, role), WithConnections(16))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func (w *world) minorOf(user, currency string) (minor int64) {
	w.t.Helper()
	err := w.pool.QueryRow(w.ctx, `select coalesce(sum(b.minor), 0)::bigint from balances b join users u on u.id = b.user_id
		where u.external_id = $1 and b.currency = $2`, user, currency).Scan(&minor)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return minor
}

// TestOneKeyForTwoPeopleAtOnce: whichever is first, the other is told that the key is taken, and nobody waits for ever.
func TestOneKeyForTwoPeopleAtOnce(t *testing.T) {
	w := rewarded(t)
	many := NewDatabase(openWide(t, w, "plusone_api"))
	for round := range 20 {
		var done, refused atomic.Int64
		var wait sync.WaitGroup
		for _, user := range []string{"alice", "bob", "alice", "bob"} {
			wait.Go(func() {
				_, again, err := many.Redeem(w.ctx, spending(fmt.Sprintf("k%d", round), user, usd(1)))
				switch {
				case errors.Is(err, ErrKeyReused):
					refused.Add(1)
				case err != nil:
					t.Errorf("%v", err)
				case !again:
					done.Add(1)
				}
			})
		}
		wait.Wait()
		if done.Load() != 1 || refused.Load() != 2 {
			t.Fatalf("round %d: %d done, %d refused", round, done.Load(), refused.Load())
		}
	}
	w.lawful()
}

// TestReversalsRace: many at once give back once.
func TestReversalsRace(t *testing.T) {
	w := rewarded(t)
	many := NewDatabase(openWide(t, w, "plusone_api"))
	spent := w.redeem(spending("k", "alice", usd(1000)))
	var done atomic.Int64
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			_, again, err := many.Reverse(w.ctx, spent.ID, "", "desk")
			if err != nil {
				t.Errorf("%v", err)
			}
			if !again {
				done.Add(1)
			}
		})
	}
	wait.Wait()
	if done.Load() != 1 {
		t.Errorf("given back %d times", done.Load())
	}
	w.wantBalances("alice has 10.00 usd\nbob has 5.00 usd")
	w.lawful()
}

// TestARedemptionIsWholeOrNotAtAll: when the balance can not be changed, nothing is in the books.
func TestARedemptionIsWholeOrNotAtAll(t *testing.T) {
	w := rewarded(t)
	if _, err := w.pool.Exec(w.ctx, "revoke update (minor) on balances from plusone_api"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.api.Redeem(w.ctx, spending("k", "alice", usd(1))); !errors.Is(err, ErrRights) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	if _, _, err := w.api.Redeem(ctx, spending("k", "alice", usd(1))); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	var n int
	if err := w.pool.QueryRow(w.ctx, "select count(*) from redemptions").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
	for _, sql := range []string{"update redemptions set minor = 1", "delete from redemptions", "truncate redemptions"} {
		if _, err := w.pool.Exec(w.ctx, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
