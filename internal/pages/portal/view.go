package portal

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/publicname"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// view is what the page shows, in words.
type view struct {
	Offer  offer
	Link   string
	Code   string
	Places string // for how many more friends their codes have room; empty: no maximum
	Full   bool   // none any more
	QR     QR
	Shares []share
	Native string // the link for the system's own sheet

	Earned, Balance []string
	Rewarded        int64
	Waiting         int64 // friends who may still bring a reward

	Funnel []step
	Tier   *tier
	Badges []badge

	History      []row
	Older, First string // where the next page is, and the first one; empty: none

	Leaders []place
	Mine    *place // the referrer's own, when it is not among those shown
	Listed  bool
	Public  string // what others call the referrer
}

// step is one of the funnel: how many came so far. Of is the greatest of all, for the bar.
type step struct {
	Name, Help string
	Count, Of  int64
}

// tier is where somebody stands among the tiers.
type tier struct {
	Name, Next string // no Name yet; no Next: the highest
	Have, Need int
	More       string // "3 more friends to Silver"
	Gain       string // what each friend brings in the next tier, where that differs
}

// badge is earned by so many friends.
type badge struct {
	Name   string
	Earned bool
}

// row is one friend.
type row struct {
	Name    string
	At      time.Time
	Status  referral.Status
	Word    string
	Because string
	Reward  string
}

// place is one on the leaderboard.
type place struct {
	Rank, Name string
	Referrals  int64
	Me         bool
}

func show(f facts, link string) (view, error) {
	me := f.me
	code, err := drawQR(withChannel(link, "qr"))
	if err != nil {
		return view{}, fmt.Errorf("the QR code of a link of %d bytes: %w", len(link), err)
	}
	v := view{
		Offer: describe(f.terms, me.Place.Standing+1), Link: link, Code: me.Code, QR: code, Native: withChannel(link, "share"),
		Earned: amounts(me.Standing.Earned, me.Currency), Balance: amounts(me.Balances, me.Currency), Rewarded: me.Standing.ByStatus[referral.Rewarded],
		Waiting: me.Standing.ByStatus[referral.Pending] + me.Standing.ByStatus[referral.Qualified], Listed: me.Listed,
	}
	v.Shares = shares(link, v.Offer.Text, "A recommendation from me")
	if me.MaxUses > 0 {
		left := max(me.MaxUses-me.Uses, 0)
		v.Full, v.Places = left == 0, "Room for "+moreFriends(left)
	}
	v.funnel(me.Standing)
	v.progress(me.Place, f.terms)
	v.history(f)
	v.leaderboard(f)
	return v, nil
}

// amounts are money in words, the program's own currency first. Nothing at all is nought of that.
func amounts(all []money.Amount, first money.Currency) (words []string) {
	for _, a := range all {
		switch {
		case a.Currency == first:
			words = append([]string{a.Human()}, words...)
		case !a.IsZero():
			words = append(words, a.Human())
		}
	}
	if len(words) == 0 {
		words = []string{money.New(first, 0).Human()}
	}
	return words
}

func friends(n int64) string {
	if n == 1 {
		return "1 friend"
	}
	return fmt.Sprintf("%d friends", n)
}

func moreFriends(n int64) string { return strings.Replace(friends(n), " ", " more ", 1) }

func (v *view) funnel(s store.Standing) {
	rewarded := s.ByStatus[referral.Rewarded]
	most := max(s.Visits, s.SignUps, 1)
	v.Funnel = []step{
		{"Visits", "opened your link", s.Visits, most},
		{"Sign-ups", "signed up with it", s.SignUps, most},
		{"Qualified", "made a purchase that counts", rewarded + s.ByStatus[referral.Qualified], most},
		{"Rewarded", "brought you a reward", rewarded, most},
	}
}

func (v *view) progress(p store.Progress, t referral.Terms) {
	for _, n := range t.Badges {
		v.Badges = append(v.Badges, badge{friends(int64(n)), n <= p.Standing})
	}
	if !p.Tiered {
		return
	}
	v.Tier = &tier{Name: p.Tier, Next: p.Next, Have: p.Standing, Need: p.NextFrom}
	if p.Next == "" {
		v.Tier.Have, v.Tier.Need = 1, 1
		return
	}
	v.Tier.More = moreFriends(int64(p.NextFrom-p.Standing)) + " to " + p.Next
	now, then := promises(rewardsFor(t, p.Standing+1), referral.Referrer), promises(rewardsFor(t, p.NextFrom), referral.Referrer)
	if gain := strings.Join(then, ", "); gain != strings.Join(now, ", ") {
		v.Tier.Gain = gain + " for each friend from then on"
	}
}

func (v *view) history(f facts) {
	page := f.page
	if len(page) > perPage {
		page = page[:perPage]
		v.Older = Path + "?before=" + strconv.FormatInt(page[perPage-1].ID, 10) + "#friends"
	}
	if f.before != 0 {
		v.First = Path + "#friends"
	}
	for _, b := range page {
		word, because := explain(b, f.terms)
		v.History = append(v.History, row{
			Name: friendName(b), At: b.AttributedAt, Status: b.Status, Word: word, Because: because, Reward: reward(b.Bonus),
		})
	}
}

// friendName is what the referrer sees of a friend: no more than others would.
func friendName(b store.Brought) string {
	switch {
	case b.Referee == "":
		return "A deleted account"
	case b.Username == "":
		return "A friend"
	}
	return publicname.Of(b.Username, b.ID)
}

// reward is what somebody has of a friend; empty for nothing.
func reward(bonus []money.Amount) string {
	var words []string
	for _, a := range bonus {
		if !a.IsZero() {
			words = append(words, a.Human())
		}
	}
	return strings.Join(words, " + ")
}

func (v *view) leaderboard(f facts) {
	v.Public = publicname.Of(f.me.Username, f.me.Number)
	for _, l := range f.top {
		v.Leaders = append(v.Leaders, place{strconv.Itoa(l.Rank), publicname.Of(l.Username, l.Number), l.Referrals, l.Number == f.me.Number})
	}
	among := f.rank > 0 && f.rank <= len(f.top)
	if !f.me.Listed || among || v.Rewarded == 0 {
		return
	}
	rank := "1000+"
	if f.rank > 0 {
		rank = strconv.Itoa(f.rank)
	}
	v.Mine = &place{rank, v.Public, v.Rewarded, true}
}
