package main

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/referral"
)

func termsFrom(t *testing.T, source string) referral.Terms {
	t.Helper()
	terms, err := program.Parse("program", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return terms
}

// TestRulesOf reads what the model knows, all of it.
func TestRulesOf(t *testing.T) {
	rules, err := rulesOf(termsFrom(t, string(program.Default())))
	if err != nil {
		t.Fatal(err)
	}
	ten := map[string]int64{"usd": 1000, "eur": 1000}
	if !reflect.DeepEqual(rules.Minimum, ten) || !reflect.DeepEqual(rules.Rewards, map[string]map[string]int64{"referrer": ten, "referee": ten}) ||
		rules.Within != 90*24*time.Hour || rules.Grace != time.Hour || rules.Hold != 0 || rules.Refunds != "below_minimum" || rules.MaxUses != 10 {
		t.Errorf("the default program is read as %+v", rules)
	}
}

// TestRulesOfRefuse holds that nothing of a program is passed over: what the model does not know is named.
func TestRulesOfRefuse(t *testing.T) {
	const toBoth = `{to: referrer, fixed: {usd: "1", eur: "1"}}, {to: referee, fixed: {usd: "1", eur: "1"}}`
	for source, names := range map[string]string{
		"qualify: {verified_email: true}":                                                       "qualify.verified_email",
		`rewards: [{to: referrer, percent: "20"}]`:                                              "a reward in percent",
		`rewards: [{to: referrer, fixed: {points: "10"}}]`:                                      "a reward in points",
		`rewards: [` + toBoth + `, {to: referee, fixed: {usd: "1"}, on: signup}]`:               "a reward on: signup, two rewards to the referee",
		`rewards: [` + toBoth + `, {to: referrer, fixed: {points: "1"}}]`:                       "a reward in points, two rewards to the referrer",
		"tiers: [{name: Bronze, from: 1}]":                                                      "tiers",
		"badges: [1]":                                                                           "badges",
		"credit_purchases: true":                                                                "credit_purchases",
		"fraud: {disposable_email: flag}":                                                       "fraud",
		"fraud: {signups_per_ip: {max: 1, per: 1m, then: flag}}":                                "fraud",
		"qualify: {verified_email: true}\ncredit_purchases: true\nfraud: {same_card: cancel}\n": "qualify.verified_email, credit_purchases, fraud",
	} {
		_, err := rulesOf(termsFrom(t, source))
		want := fmt.Sprintf("%v: %s: simulate under a program without it", errUnforeseen, names)
		if !errors.Is(err, errUnforeseen) || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", source, err, want)
		}
	}
}

// TestRulesOfRefuseEveryTerm changes each field of the terms by itself, also those that come to be. Either the rules
// change with it, or it is refused; none is passed over.
func TestRulesOfRefuseEveryTerm(t *testing.T) {
	standard := func() referral.Terms { return termsFrom(t, string(program.Default())) }
	before, err := rulesOf(standard())
	if err != nil {
		t.Fatal(err)
	}
	passedOver := map[string]bool{ // none decides anything that the model foresees
		".Program": true, ".Codes.Length": true, ".Links.Remember": true,
	}
	count := 0
	changeEach(reflect.TypeFor[referral.Terms](), "", nil, func(path string, index []int) {
		count++
		terms := standard()
		change(reflect.ValueOf(&terms).Elem().FieldByIndex(index))
		after, err := rulesOf(terms)
		if unchanged := reflect.DeepEqual(before, after); err == nil && unchanged != passedOver[path] {
			t.Errorf("%s, changed, is passed over", path)
		}
	})
	if count < 20 {
		t.Errorf("only %d fields were changed", count)
	}
}

// changeEach calls what is given for each field that is no struct, however deep.
func changeEach(of reflect.Type, path string, index []int, each func(string, []int)) {
	for i := range of.NumField() {
		f := of.Field(i)
		at := append(append([]int{}, index...), i)
		if f.Type.Kind() == reflect.Struct {
			changeEach(f.Type, path+"."+f.Name, at, each)
			continue
		}
		each(path+"."+f.Name, at)
	}
}

// change makes a value another one.
func change(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + int64(time.Second))
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	default:
		panic("no way to change a " + v.Kind().String())
	}
}
