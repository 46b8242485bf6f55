package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// TestTheRepositoryIsInOrder is what `make lint` looks at.
func TestTheRepositoryIsInOrder(t *testing.T) {
	t.Parallel()
	for _, fault := range check(t.Context(), root) {
		t.Error(fault)
	}
}

// TestEachFaultIsFound spoils one thing after the other, and waits for the words that name it.
func TestEachFaultIsFound(t *testing.T) {
	t.Parallel()
	const (
		compose = "deploy/compose.yaml"
		base    = "deploy/kubernetes/base/"
		example = "deploy/kubernetes/overlays/example/"
	)
	for _, c := range []struct{ file, old, new, says string }{
		// the image
		{dockerfile, "FROM scratch", "FROM debian:bookworm", "the image must be empty but for plusone"},
		{dockerfile, "golang:1.26.8-bookworm AS", "golang:latest AS", "golang:latest is no version"},
		{dockerfile, "golang:1.26.8-bookworm AS", "golang:1.25.3-bookworm AS", "it builds with Go 1.25.3, and go.mod asks for"},
		{dockerfile, "USER 65532:65532", "USER root", `USER is "root"`},
		{dockerfile, "USER 65532:65532", "USER 0:0", `USER is "0:0"`},
		{dockerfile, `ENTRYPOINT ["/plusone"]`, "ENTRYPOINT /plusone", "ENTRYPOINT needs a shell"},
		{dockerfile, `ENTRYPOINT ["/plusone"]`, `ENTRYPOINT ["/bin/plusone"]`, "count on /plusone"},
		{dockerfile, "USER 65532:65532", "USER 65532:65532\nRUN true", "nothing can be run in an empty image"},
		{dockerfile, "USER 65532:65532", "COPY LICENSE /LICENSE\nUSER 65532:65532", "straight from the repository"},
		{dockerfile, "COPY go.mod go.sum ./", "COPY go.mod go.sums ./", "it copies what is not there"},
		{dockerfile, "EXPOSE 8080 9090", "EXPOZE 8080 9090", "unknown instruction"},
		{dockerfile, "ENV PLUSONE_LISTEN=:8080", "ENV PLUSONE_API_TOKEN=x PLUSONE_LISTEN=:8080", "SecretsUsedInArgOrEnv"},
		{dockerfile, "FROM scratch", "from scratch", "ConsistentInstructionCasing"},
		{".dockerignore", "*\n", "", "deploy/secrets/hash_key would be sent"},
		{".dockerignore", "!go.mod\n", "", "go.mod is not sent"},

		// Compose
		{compose, "services:\n", "services:\n  odd: {imagine: x}\n", "services.odd.imagine"},
		{compose, "condition: service_healthy", "condition: service_happy", "condition value must be one of"},
		{compose, "      migrate: {condition", "      migrating: {condition", `depends on undefined service "migrating"`},
		{compose, "    networks: [front, stream, monitoring]", "    networks: [front, streams, monitoring]", "undefined network"},
		{compose, "  events_token: {file: ./secrets/events_token}\n", "", "undefined secret"},
		{compose, "  read_only: true\n", "", "its root can be written"},
		{compose, "  cap_drop: [ALL]\n", "", "it keeps capabilities"},
		{compose, "    user: postgres\n    tmpfs", "    cap_add: [SYS_ADMIN]\n    user: postgres\n    tmpfs", "it keeps capabilities"},
		{compose, `  security_opt: ["no-new-privileges:true"]` + "\n", "", "it may gain privileges"},
		{compose, `  user: "65532:65532"` + "\n", "", "it runs as root"},
		{compose, `user: "472:0"`, `user: "0:0"`, "grafana: it runs as root"},
		{compose, `"127.0.0.1:${PLUSONE_API_PORT`, `"${PLUSONE_API_PORT`, "port 8081 is published to the world"},
		{compose, "./nats:/etc/nats:ro", "./nats:/etc/nats", "it can write"},
		{compose, "./nats:/etc/nats:ro", "../docs:/etc/nats:ro", "which is not deploy's"},
		{compose, "./nats:/etc/nats:ro", "./gnats:/etc/nats:ro", "it mounts what is not there"},
		{compose, "dockerfile: deploy/Dockerfile", "dockerfile: Dockerfile", "no such file or directory"},
		{compose, "prom/prometheus:v3.13.5", "prom/prometheus:latest", "prom/prometheus:latest is no version"},
		{compose, "nats:2.15.2-alpine", "nats:2.9.0-alpine", "it runs nats:2.9.0-alpine, and the tests 2.15.2"},
		{compose, "limits: {cpus: \"1.0\", memory: 512M, pids: 256}", "limits: {cpus: \"1.0\", pids: 256}", "it may take all of the machine"},
		{compose, "restart: unless-stopped\n  stop_grace_period: 40s", "stop_grace_period: 40s", `restart is ""`},
		{compose, "    test: [CMD, /plusone, health]", "    disable: true", "nobody sees when it is ill"},
		{compose, "stop_grace_period: 40s", "stop_grace_period: 30s", "it is killed while it stops in order"},
		{compose, "networks: [front, stream, monitoring]", "networks: [front, stream, monitoring, database]", "on the network database are [api audit ingress"},
		{compose, "database: {internal: true}", "database: {}", "the network database reaches the outside"},
		{compose, "secrets: [ingress_nats_url, ", "secrets: [worker_database_url, ingress_nats_url, ", "ingress: it is given"},
		{compose, "DATABASE_URL_FILE: /run/secrets/api_database_url", "DATABASE_URL: postgres://plusone:plusone@postgres/plusone", "DATABASE_URL is a secret in the open"},
		{compose, "/run/secrets/hash_key", "/run/secrets/hash", "PLUSONE_HASH_KEY_FILE names no secret that it is given"},
		{"deploy/make-secrets", "grafana_admin_password; do", "; do", "does not make the secret grafana_admin_password"},
		{compose, "\nsecrets:\n", "\nsecrets:\n  nats_worker_url: {file: ./secrets/worker_nats_url}\n", "nobody is given the secret nats_worker_url"},
		{"deploy/make-secrets", "set -euo pipefail", "exit 3", "deploy/make-secrets"},

		// Kubernetes: what kustomize, strict reading and the API server find
		{base + "kustomization.yaml", "  - worker.yaml\n", "  - workers.yaml\n", "kustomize build: "},
		{base + "worker.yaml", "  replicas: 2", "  replica: 2", `unknown field "spec.replica"`},
		{base + "worker.yaml", "  replicas: 2", "  replicas: two", "cannot unmarshal string"},
		{base + "worker.yaml", "  replicas: 2", "  replicas: 2\n  replicas: 2", "already defined"},
		{base + "worker.yaml", "maxUnavailable: 0, maxSurge: 1", "maxUnavailable: 0, maxSurge: 0", "the API server refuses it: spec.strategy"},
		{base + "worker.yaml", "{name: secrets, mountPath", "{name: secret, mountPath", "spec.template.spec.containers[0].volumeMounts[0].name: Not found"},
		{base + "worker.yaml", "    matchLabels: *labels", "    matchLabels: {a: b}", "the API server refuses it: spec.template.metadata.labels"},
		{base + "worker.yaml", "cpu: 250m", "cpu: 250mm", "unable to parse quantity's suffix"},
		{base + "prepare.yaml", "restartPolicy: OnFailure", "restartPolicy: Always", "the API server refuses it: spec.template.spec.restartPolicy"},
		{base + "network.yaml", "protocol: TCP", "protocol: HTTP", "the API server refuses it: spec."},
		{example + "tls.yaml", "pathType: Exact", "pathType: Precise", "the API server refuses it: spec.rules"},
		{example + "postgres-outside.yaml", "10.20.0.0/24", "10.20.0.0", "the API server refuses it: spec.egress"},
		{base + "worker.yaml", "kind: PodDisruptionBudget", "kind: PodDisruptionBudgets", "no kind \"PodDisruptionBudgets\""},

		// and what the house asks for
		{base + "worker.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "not restricted: runAsNonRoot"},
		{base + "worker.yaml", "capabilities: {drop: [ALL]}", "capabilities: {drop: [NET_RAW]}", "not restricted: unrestricted capabilities"},
		{base + "worker.yaml", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "not restricted: allowPrivilegeEscalation"},
		{base + "worker.yaml", "seccompProfile: {type: RuntimeDefault}", "seccompProfile: {type: Unconfined}", "not restricted: seccompProfile"},
		{base + "worker.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "its root can be written"},
		{base + "worker.yaml", "        runAsUser: 65532\n", "", "nobody in particular"},
		{base + "worker.yaml", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "it is given a token for Kubernetes"},
		{base + "accounts.yaml", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "its pods are given a token for Kubernetes"},
		{base + "worker.yaml", "serviceAccountName: plusone-worker", "serviceAccountName: plusone-api", `it runs as "plusone-api"`},
		{base + "accounts.yaml", "name: plusone-worker", "name: plusone-works", "there is no account plusone-worker"},
		{example + "kustomization.yaml", "newTag: v0.1.0", "newTag: latest", "latest is no version"},
		{base + "ingress.yaml", "secretName: plusone-ingress", "secretName: plusone-worker", "it is given the secret plusone-worker"},
		{base + "ingress.yaml", "          ports:", "            - {name: DATABASE_URL_FILE, value: /x}\n          ports:", "it reads the secrets [DATABASE_URL NATS_URL"},
		{base + "worker.yaml", "/run/secrets/plusone/hash-key", "/run/secrets/plusone/hash_key", "and should be /run/secrets/plusone/hash-key"},
		{base + "api.yaml", "{name: DATABASE_URL_FILE, value: /run/secrets/plusone/database-url}", "{name: DATABASE_URL, valueFrom: {secretKeyRef: {name: plusone-api, key: database-url}}}", "DATABASE_URL is a secret in the environment"},
		{base + "api.yaml", "            - configMapRef: {name: plusone}", "            - secretRef: {name: plusone-api}", "plusone-api is a secret in the environment"},
		{base + "api.yaml", "            - configMapRef: {name: plusone}", "            - configMapRef: {name: plustwo}", "there is no config plustwo"},
		{base + "api.yaml", "requests: {cpu: 100m, memory: 64Mi}", "requests: {memory: 64Mi}", "nobody knows what it needs"},
		{base + "api.yaml", "livenessProbe:\n            httpGet: {path: /healthz", "livenessProbe:\n            httpGet: {path: /readyz", "its livenessProbe must ask for /healthz"},
		{base + "audit.yaml", "          readinessProbe:\n            httpGet: {path: /readyz, port: admin}\n            periodSeconds: 5\n            timeoutSeconds: 3\n            failureThreshold: 2\n", "", "its readinessProbe must ask for /readyz"},
		{base + "ingress.yaml", "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 35", "it is killed while it stops in order, which takes up to 35s"},
		{base + "kustomization.yaml", "    includeTemplates: true\n", "", "Prometheus does not find its pods"},
		{base + "audit.yaml", "{name: admin, containerPort: 9090}", "{name: metrics, containerPort: 9090}", "Prometheus finds no port of it"},
		{base + "worker.yaml", spread, "", "all of it may run on one node"},
		{base + "worker.yaml", "  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: plusone\n      app.kubernetes.io/component: worker", "  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/component: workers", "all of it may be drained at once"},
		{base + "api.yaml", "  selector:\n    app.kubernetes.io/name: plusone\n", "  selector:\n    app.kubernetes.io/name: minusone\n", "Service plusone-api: it selects nothing"},
		{base + "namespace.yaml", "enforce: restricted", "enforce: baseline", "enforces the standard restricted"},
		{base + "kustomization.yaml", "  - audit.yaml\n", "", "it runs [api ingress migrate streams worker]"},
		{base + "prepare.yaml", "    plusone.dev/phase: prepare\n", "", "Job plusone-migrate: the label plusone.dev/phase=prepare"},
		{base + "kustomization.yaml", "        plusone.dev/phase: prepare\n", "        plusone.dev/phase: later\n", "ConfigMap plusone"},
		{base + "network.yaml", "values: [worker, api, audit, migrate]", "values: [worker, api, audit, migrate, ingress]", "ingress: it reaches the ports [4222 53 5432]"},
		{base + "network.yaml", "  policyTypes: [Ingress, Egress]", "  policyTypes: [Ingress]", "no policy denies what none allows"},
		{base + "network.yaml", "      ports:\n        - {port: admin, protocol: TCP}\n", "", "it is reached on the ports [any"},
		{base + "network.yaml", "    - from:\n        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}\n          podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}\n      ports:", "    - ports:", "admin of anybody"},
		{example + "tls.yaml", "name: plusone-ingress, port", "name: plusone-door, port", "there is no service plusone-door"},
	} {
		t.Run(c.says+" in "+c.file, func(t *testing.T) {
			t.Parallel()
			found := checkPart(t, spoiled(t, c.file, c.old, c.new), c.file)
			if !strings.Contains(strings.Join(found, "\n"), c.says) {
				t.Errorf("it does not say %q but:\n%s", c.says, strings.Join(found, "\n"))
			}
		})
	}
}

// checkPart checks what a file is a part of.
func checkPart(t *testing.T, dir, file string) faults {
	t.Helper()
	h, err := readHouse(dir)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case strings.HasPrefix(file, manifestsFolder):
		return checkKubernetes(dir, h)
	case file == dockerfile || file == ".dockerignore":
		return checkDockerfile(t.Context(), dir, h)
	}
	return checkCompose(t.Context(), dir, h)
}

// TestTheHouseIsRead: what the checks go by must be where they look for it.
func TestTheHouseIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, old, new, says string }{
		{"go.mod", "\ngo 1.", "\n// go 1.", "go.mod no longer says"},
		{"cmd/plusone/roles.go", "const stopWithin = ", "const stopsWithin = ", "roles.go no longer says"},
	} {
		found := check(t.Context(), spoiled(t, c.file, c.old, c.new))
		if len(found) != 1 || !strings.Contains(found[0], c.says) {
			t.Errorf("it does not say %q but: %v", c.says, found)
		}
	}
}

// spread is how the workers are kept apart.
const spread = `      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: {app.kubernetes.io/name: plusone, app.kubernetes.io/component: worker}}
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: {app.kubernetes.io/name: plusone, app.kubernetes.io/component: worker}}
`

// spoiled is a copy of all that is looked at, with one thing changed.
func spoiled(t *testing.T, file, old, replacement string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "LICENSE", ".dockerignore", "cmd/plusone/roles.go"} {
		copyFile(t, filepath.Join(root, name), filepath.Join(dir, name))
	}
	if err := os.CopyFS(filepath.Join(dir, "deploy"), os.DirFS(filepath.Join(root, "deploy"))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s does not say %q: mend this test", file, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, replacement, 1)), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
