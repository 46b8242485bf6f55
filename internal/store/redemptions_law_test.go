package store

import (
	"errors"
	"fmt"

	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/money"
)

// spendSome has somebody who has credit spend of it, or a cent more than there is, and now and then give something back.
func (w *world) spendSome(rt *rapid.T, n int) {
	w.t.Helper()
	type purse struct {
		user, currency string
		minor          int64
	}
	var all []purse
	rows, err := w.pool.Query(w.ctx, `select u.external_id, b.currency, b.minor from balances b join users u on u.id = b.user_id
		where u.external_id is not null order by u.external_id, b.currency`)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p purse
		if err := rows.Scan(&p.user, &p.currency, &p.minor); err != nil {
			w.t.Fatalf("%v", err)
		}
		all = append(all, p)
	}
	if len(all) == 0 || rapid.IntRange(0, 2).Draw(rt, "spends") > 0 {
		return
	}
	p := rapid.SampledFrom(all).Draw(rt, "purse")
	minor := rapid.Int64Range(1, max(p.minor, 0)+1).Draw(rt, "minor")
	r, again, err := w.api.Redeem(w.ctx, spending(fmt.Sprintf("k%d", n), p.user, money.New(money.Currency(p.currency), minor)))
	_, short := errors.AsType[*InsufficientError](err)
	if short != (minor > p.minor) || again || err != nil && !short {
		w.t.Errorf("%s has %d, spends %d %s: %t, %v", p.user, p.minor, minor, p.currency, again, err)
	}
	if err == nil && rapid.IntRange(0, 2).Draw(rt, "back") == 0 {
		if _, again, err := w.api.Reverse(w.ctx, r.ID, "", "desk"); again || err != nil {
			w.t.Errorf("giving back: %t, %v", again, err)
		}
	}
}
