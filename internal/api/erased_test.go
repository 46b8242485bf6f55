package api

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/plusone-dev/plusone/internal/fact"
)

// TestDecisionsAboutSomebodyErased: whoever decides about a referral whose referee was erased is told that nothing can be
// decided of it, or decides. That the database is away, and that they should ask again, is neither.
func TestDecisionsAboutSomebodyErased(t *testing.T) {
	w := newWorld(t)
	w.story()
	bob := w.referralOf("bob")
	w.apply(fact.Event{Key: "ce:erased", Name: "erased", Type: fact.UserErased, At: noon, Erased: &fact.Erased{UserID: "bob", At: noon}})
	for _, what := range []string{"approve", "reject", "reopen"} {
		if answer := w.asAdmin(http.MethodPost, "/v1/referrals/"+bob+"/"+what, because); answer.Code >= 500 {
			t.Errorf("%s: %d %s", what, answer.Code, answer.Body)
		}
	}
}

// TestTheWindowOfSomebodyErased: nothing counts after an erasure, and the window that is shown says so.
func TestTheWindowOfSomebodyErased(t *testing.T) {
	w := newWorld(t)
	w.story()
	carol := w.referralOf("carol")
	w.apply(fact.Event{Key: "ce:erased", Name: "erased", Type: fact.UserErased, At: noon, Erased: &fact.Erased{UserID: "carol", At: noon}})
	var got whyJSON
	w.must(json.Unmarshal(w.get("/v1/referrals/"+carol).Body.Bytes(), &got))
	if got.Facts.RefereeErased == nil || got.Window.Until != *got.Facts.RefereeErased {
		t.Errorf("the window is %+v, of somebody erased at %v; %s %v", got.Window, *got.Facts.RefereeErased, got.Status, got.Checks)
	}
}
