package main

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// mayReach says which ports of others each role needs: 53 is DNS, 4222 NATS, 5432 PostgreSQL. The ingress is kept from
// the database here as it is in the code.
var mayReach = map[string][]string{
	"ingress": {"4222", "53"},
	"streams": {"4222", "53"},
	"worker":  {"4222", "53", "5432"},
	"api":     {"4222", "53", "5432"},
	"audit":   {"53", "5432"},
	"migrate": {"53", "5432"},
}

// mayBeReached says on which of its ports others need each role.
var mayBeReached = map[string][]string{
	"ingress": {"admin", "http"},
	"api":     {"admin", "http"},
	"worker":  {"admin"},
	"audit":   {"admin"},
}

// reach adds up what all policies together let a workload's pods do.
func (c cluster) reach(w workload) (all faults) {
	var out, in []string
	for _, p := range of[*networkingv1.NetworkPolicy](c) {
		if !selects(&p.Spec.PodSelector, w.pod.Labels) {
			continue
		}
		for _, rule := range p.Spec.Egress {
			out = append(out, ports(rule.Ports, len(rule.To))...)
		}
		for _, rule := range p.Spec.Ingress {
			in = append(in, ports(rule.Ports, len(rule.From))...)
		}
	}
	for _, side := range []struct {
		says      string
		got, want []string
	}{
		{"it reaches the ports", out, mayReach[w.component]},
		{"it is reached on the ports", in, mayBeReached[w.component]},
	} {
		slices.Sort(side.got)
		if got := slices.Compact(side.got); !slices.Equal(got, side.want) {
			all.add(w.place, "%s %v, and should be %v (network.yaml)", side.says, got, side.want)
		}
	}
	return all
}

// ports are those of a rule; one without ports, or without peers, is for every one.
func ports(rule []networkingv1.NetworkPolicyPort, peers int) (all []string) {
	if len(rule) == 0 {
		return []string{"any"}
	}
	for _, p := range rule {
		name := "any"
		switch {
		case p.Port == nil || p.EndPort != nil:
		case p.Port.Type == intstr.String:
			name = p.Port.StrVal
		default:
			name = p.Port.String()
		}
		if peers == 0 {
			name += " of anybody"
		}
		all = append(all, name)
	}
	return all
}

// denied says that what no policy allows is denied to every pod of the namespace, both ways.
func (c cluster) denied() (all faults) {
	for _, p := range of[*networkingv1.NetworkPolicy](c) {
		everyPod := len(p.Spec.PodSelector.MatchLabels)+len(p.Spec.PodSelector.MatchExpressions) == 0
		bothWays := slices.Contains(p.Spec.PolicyTypes, networkingv1.PolicyTypeIngress) && slices.Contains(p.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		if everyPod && bothWays && len(p.Spec.Ingress)+len(p.Spec.Egress) == 0 {
			return all
		}
	}
	all.add(c.place, "no policy denies what none allows")
	return all
}
