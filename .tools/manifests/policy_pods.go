package main

import (
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

const componentLabel = "app.kubernetes.io/component"

// check holds everything to the rules of the house.
func (c cluster) check() (all faults) {
	var names []string
	for _, w := range c.workloads() {
		names = append(names, w.component)
		all = append(all, c.security(w)...)
		all = append(all, c.secrets(w)...)
		all = append(all, c.upkeep(w)...)
		all = append(all, watching(w)...)
		all = append(all, c.reach(w)...)
	}
	slices.Sort(names)
	if want := []string{"api", "audit", "ingress", "migrate", "streams", "worker"}; !slices.Equal(names, want) {
		all.add(c.place, "it runs %v, and should run %v", names, want)
	}
	all = append(all, c.namespace()...)
	all = append(all, c.phases()...)
	all = append(all, c.references()...)
	return append(all, c.denied()...)
}

// security is Kubernetes' own standard "restricted", and what it leaves open.
func (c cluster) security(w workload) (all faults) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		all.add(w.place, "%v", err)
		return all
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, r := range evaluator.EvaluatePod(level, &w.pod.ObjectMeta, &w.pod.Spec) {
		if !r.Allowed {
			all.add(w.place, "not restricted: %s: %s", r.ForbiddenReason, r.ForbiddenDetail)
		}
	}
	s := w.pod.Spec
	if s.SecurityContext == nil || s.SecurityContext.RunAsUser == nil || *s.SecurityContext.RunAsUser == 0 {
		all.add(w.place, "it is nobody in particular: runAsUser")
	}
	if s.AutomountServiceAccountToken == nil || *s.AutomountServiceAccountToken {
		all.add(w.place, "it is given a token for Kubernetes: automountServiceAccountToken")
	}
	if s.ServiceAccountName != "plusone-"+w.component {
		all.add(w.place, "it runs as %q, and each has an account of its own", s.ServiceAccountName)
	}
	for _, container := range s.Containers {
		sc := container.SecurityContext
		if sc == nil || sc.ReadOnlyRootFilesystem == nil || !*sc.ReadOnlyRootFilesystem {
			all.add(w.place, "its root can be written: readOnlyRootFilesystem")
		}
		if c.deployable && !pinned.MatchString(container.Image) {
			all.add(w.place, "%s is no version: tomorrow it is another image", container.Image)
		}
	}
	return all
}

// secrets are files, and each role's are its own.
func (c cluster) secrets(w workload) (all faults) {
	for _, v := range w.pod.Spec.Volumes {
		if v.Secret != nil && v.Secret.SecretName != "plusone-"+w.component {
			all.add(w.place, "it is given the secret %s, which is not its own", v.Secret.SecretName)
		}
		if v.Secret == nil {
			all.add(w.place, "the volume %s is no secret: nothing else is needed", v.Name)
		}
	}
	var reads []string
	for _, container := range w.pod.Spec.Containers {
		for _, e := range container.EnvFrom {
			if e.SecretRef != nil {
				all.add(w.place, "%s is a secret in the environment: use a file", e.SecretRef.Name)
			}
		}
		for _, e := range container.Env {
			file, isFile := strings.CutSuffix(e.Name, "_FILE")
			switch want := "/run/secrets/plusone/" + secretKey(file); {
			case isFile && e.Value != want:
				all.add(w.place, "%s is %s, and should be %s", e.Name, e.Value, want)
			case !isFile && (secretName.MatchString(e.Name) || e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil):
				all.add(w.place, "%s is a secret in the environment: use a file", e.Name)
			}
			if isFile {
				reads = append(reads, file)
			}
		}
	}
	slices.Sort(reads)
	if want := readsSecrets[w.component]; !slices.Equal(reads, want) {
		all.add(w.place, "it reads the secrets %v, and should read %v", reads, want)
	}
	return all
}

// secretKey is what the key of a variable is called in a secret: PLUSONE_API_TOKEN is api-token.
func secretKey(variable string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(variable, "PLUSONE_")), "_", "-")
}

// readsSecrets says which secrets each role reads, as plusone's README does. The ingress has none of the database's.
var readsSecrets = map[string][]string{
	"ingress": {"NATS_URL", "PLUSONE_EVENTS_TOKEN", "STRIPE_WEBHOOK_SECRET"},
	"worker":  {"DATABASE_URL", "NATS_URL", "PLUSONE_HASH_KEY"},
	"api":     {"DATABASE_URL", "NATS_URL", "PLUSONE_ADMIN_TOKEN", "PLUSONE_API_TOKEN", "PLUSONE_USER_JWT_SECRET"},
	"audit":   {"DATABASE_URL"},
	"migrate": {"DATABASE_URL"},
	"streams": {"NATS_URL"},
}

// upkeep is what lets a cluster run it for years.
func (c cluster) upkeep(w workload) (all faults) {
	var pause int64
	for _, container := range w.pod.Spec.Containers {
		r := container.Resources
		if r.Requests.Cpu().IsZero() || r.Requests.Memory().IsZero() || r.Limits.Memory().IsZero() {
			all.add(w.place, "nobody knows what it needs: requests of cpu and memory, a limit of memory")
		}
		if l := container.Lifecycle; l != nil && l.PreStop != nil && l.PreStop.Sleep != nil {
			pause = l.PreStop.Sleep.Seconds
		}
		if !w.steady {
			continue
		}
		for _, probe := range []struct {
			name, path string
			probe      *corev1.Probe
		}{
			{"startupProbe", "/healthz", container.StartupProbe},
			{"livenessProbe", "/healthz", container.LivenessProbe},
			{"readinessProbe", "/readyz", container.ReadinessProbe},
		} {
			if p := probe.probe; p == nil || p.HTTPGet == nil || p.HTTPGet.Path != probe.path || p.HTTPGet.Port.StrVal != "admin" {
				all.add(w.place, "its %s must ask for %s on the port admin", probe.name, probe.path)
			}
		}
	}
	grace := w.pod.Spec.TerminationGracePeriodSeconds
	if needs := c.house.stopWithin + time.Duration(pause)*time.Second; grace == nil || time.Duration(*grace)*time.Second <= needs {
		all.add(w.place, "it is killed while it stops in order, which takes up to %s: terminationGracePeriodSeconds", needs)
	}
	if w.replicas > 1 {
		if len(w.pod.Spec.TopologySpreadConstraints) == 0 {
			all.add(w.place, "all of it may run on one node: topologySpreadConstraints")
		}
		if !slices.ContainsFunc(of[*policyv1.PodDisruptionBudget](c), func(b *policyv1.PodDisruptionBudget) bool {
			return selects(b.Spec.Selector, w.pod.Labels)
		}) {
			all.add(w.place, "all of it may be drained at once: a PodDisruptionBudget")
		}
	}
	return all
}

// watching is what deploy/prometheus/prometheus.yml finds a role by.
func watching(w workload) (all faults) {
	if !w.steady {
		return all
	}
	if l := w.pod.Labels; l["app.kubernetes.io/part-of"] != "plusone" || l[componentLabel] != w.component {
		all.add(w.place, "Prometheus does not find its pods: the labels app.kubernetes.io/part-of=plusone and %s=%s", componentLabel, w.component)
	}
	for _, container := range w.pod.Spec.Containers {
		if !slices.ContainsFunc(container.Ports, func(p corev1.ContainerPort) bool { return p.Name == "admin" }) {
			all.add(w.place, "Prometheus finds no port of it: one that is called admin")
		}
	}
	return all
}

func selects(selector *metav1.LabelSelector, l map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(l))
}

// namespace says that the namespace itself refuses what is not restricted, and that all is in it.
func (c cluster) namespace() (all faults) {
	spaces := of[*corev1.Namespace](c)
	if len(spaces) != 1 || spaces[0].Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		all.add(c.place, "there must be one namespace, that enforces the standard restricted")
		return all
	}
	for _, object := range c.objects {
		if m, ok := object.(metav1.Object); ok && object != any(spaces[0]) && m.GetNamespace() != spaces[0].Name {
			all.add(c.at(object), "it is in the namespace %q", m.GetNamespace())
		}
	}
	return all
}

// phaseLabel is what `kubectl apply -l` tells apart what comes first by: the steps, and all that they need.
const phaseLabel = "plusone.dev/phase"

// phases says that what runs until it is told to stop comes after what prepares for it.
func (c cluster) phases() (all faults) {
	for _, object := range c.objects {
		m, ok := object.(metav1.Object)
		if !ok {
			continue
		}
		first := true
		switch object.(type) {
		case *appsv1.Deployment, *corev1.Service, *policyv1.PodDisruptionBudget, *networkingv1.Ingress:
			first = false
		}
		if got := m.GetLabels()[phaseLabel] == "prepare"; got != first {
			all.add(c.at(object), "the label %s=prepare: it is %v that it has it, and should be %v", phaseLabel, got, first)
		}
	}
	return all
}

// references looks for what is named and not there.
func (c cluster) references() (all faults) {
	has := map[string]bool{}
	for _, o := range of[*corev1.ServiceAccount](c) {
		has["account "+o.Name] = true
		if o.AutomountServiceAccountToken == nil || *o.AutomountServiceAccountToken {
			all.add(c.at(o), "its pods are given a token for Kubernetes: automountServiceAccountToken")
		}
	}
	for _, o := range of[*corev1.ConfigMap](c) {
		has["config "+o.Name] = true
	}
	for _, o := range of[*corev1.Service](c) {
		has["service "+o.Name] = true
	}
	for _, n := range append(c.needs(), c.routes()...) {
		if !has[n.what] {
			all.add(n.place, "there is no %s", n.what)
		}
	}
	return append(all, c.selections()...)
}

// need is something that an object names.
type need struct{ place, what string }

func (c cluster) needs() (all []need) {
	for _, w := range c.workloads() {
		all = append(all, need{w.place, "account " + w.pod.Spec.ServiceAccountName})
		for _, container := range w.pod.Spec.Containers {
			for _, e := range container.EnvFrom {
				if e.ConfigMapRef != nil {
					all = append(all, need{w.place, "config " + e.ConfigMapRef.Name})
				}
			}
		}
	}
	return all
}

// routes are the services that the world is led to.
func (c cluster) routes() (all []need) {
	for _, o := range of[*networkingv1.Ingress](c) {
		for _, rule := range o.Spec.Rules {
			if rule.HTTP == nil {
				continue
			}
			for _, p := range rule.HTTP.Paths {
				if p.Backend.Service != nil {
					all = append(all, need{c.at(o), "service " + p.Backend.Service.Name})
				}
			}
		}
	}
	return all
}

// selections says which selectors select nothing.
func (c cluster) selections() (all faults) {
	selectors := map[string]*metav1.LabelSelector{}
	for _, o := range of[*corev1.Service](c) {
		selectors[c.at(o)] = &metav1.LabelSelector{MatchLabels: o.Spec.Selector}
	}
	for _, o := range of[*policyv1.PodDisruptionBudget](c) {
		selectors[c.at(o)] = o.Spec.Selector
	}
	for place, s := range selectors {
		if !slices.ContainsFunc(c.workloads(), func(w workload) bool { return selects(s, w.pod.Labels) }) {
			all.add(place, "it selects nothing")
		}
	}
	return all
}
