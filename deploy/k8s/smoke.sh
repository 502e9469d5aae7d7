#!/usr/bin/env bash
# Installs the local overlay on a cluster, connects the simulated PagerDuty, waits for the report,
# restarts every Deployment under load, and cleans up.
#
#   smoke.sh [KUBECONFIG]
#
# The cluster must be able to pull quolum/{auth-service,ingest-service,dashboard-api,pagerduty-sim}:0.1.0;
# QUOLUM_REGISTRY=registry.example.com/quolum takes them from there, QUOLUM_TAG another tag.
# KEEP=1 leaves everything in place. Needs kubectl, curl, openssl and python3.
set -euo pipefail
cd "$(dirname "$0")"

NAMESPACE=quolum-local
ORIGIN=http://localhost:18080
CONTROL=http://localhost:18081
REQUESTS=${REQUESTS:-10000}
LOAD_IMAGE=${LOAD_IMAGE:-docker.io/library/python:3.13-slim-bookworm}

[ $# -ge 1 ] && export KUBECONFIG=$1
if ! kubectl version --request-timeout=10s >/dev/null 2>&1; then
  echo "SKIPPED: no cluster answers (pass a KUBECONFIG)" >&2
  exit 0
fi

WORK=$(mktemp -d)
PIDS=()
say() { printf '\n== %s\n' "$*"; }
k() { kubectl --namespace "$NAMESPACE" "$@"; }
# The value at a path of a JSON document on standard input, for example: json data 0 state
json() { python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1:]:
    value = value[int(key)] if isinstance(value, list) else value.get(key)
    if value is None: break
print("" if value is None else value if isinstance(value, str) else json.dumps(value))' "$@"; }

clean() {
  local status=$?
  for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
  if [ $status -ne 0 ]; then
    k get pods,jobs || true
    for name in auth-service ingest-service dashboard-serve dashboard-consume; do
      echo "-- $name"; k logs "deploy/$name" --tail=20 || true
    done
  fi
  [ "${KEEP:-0}" = 1 ] || kubectl delete namespace "$NAMESPACE" --ignore-not-found --wait=false >/dev/null 2>&1 || true
  rm -rf "$WORK"
  exit $status
}
trap clean EXIT

# --- certificates for mTLS: one CA, one leaf for each service, its identity a SPIFFE URI
certificates() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$WORK/ca.key"
  openssl req -x509 -new -key "$WORK/ca.key" -subj /CN=quolum-local -days 2 -out "$WORK/ca.crt" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
  for service in auth-service ingest-service dashboard-api; do
    openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$WORK/$service.key"
    openssl req -new -key "$WORK/$service.key" -subj "/CN=$service" -out "$WORK/$service.csr"
    printf 'subjectAltName=DNS:%s,URI:spiffe://quolum/%s\nextendedKeyUsage=serverAuth,clientAuth\n' \
      "$service" "$service" >"$WORK/$service.ext"
    openssl x509 -req -in "$WORK/$service.csr" -CA "$WORK/ca.crt" -CAkey "$WORK/ca.key" -CAcreateserial \
      -days 2 -extfile "$WORK/$service.ext" -out "$WORK/$service.crt" 2>/dev/null
    k create secret generic "$service-tls" --dry-run=client -o yaml \
      --from-file=tls.crt="$WORK/$service.crt" --from-file=tls.key="$WORK/$service.key" \
      --from-file=ca.crt="$WORK/ca.crt" | k apply -f - >/dev/null
  done
}

secret() { # NAME KEY=VALUE…
  local name=$1; shift
  k create secret generic "$name" --dry-run=client -o yaml "${@/#/--from-literal=}" | k apply -f - >/dev/null
}

secrets() {
  local password; password=$(openssl rand -hex 24)
  secret stores "password=$password"
  secret auth-service "database-url=postgres://auth:$password@postgresql/auth" \
    "vault-keys=k1:$(openssl rand -base64 32)" pagerduty-client-secret=classic-secret
  secret ingest-service "database-url=postgres://ingest:$password@postgresql/ingest" \
    "amqp-url=amqp://quolum:$password@rabbitmq:5672/%2f"
  secret dashboard-api "database-url=postgres://dashboard:$password@postgresql/dashboard" \
    "amqp-url=amqp://quolum:$password@rabbitmq:5672/%2f"
}

# The overlay with the images that were asked for.
rendered() {
  kubectl kustomize overlays/local |
    sed -E "s#image: quolum/([a-z-]+):[^ ]+#image: ${QUOLUM_REGISTRY:-quolum}/\1:${QUOLUM_TAG:-0.1.0}#"
}

install() {
  kubectl delete namespace "$NAMESPACE" --ignore-not-found --wait=true >/dev/null
  kubectl create -f overlays/local/namespace.yaml
  certificates
  secrets
  rendered | kubectl apply --server-side --validate=strict -f -
  for service in auth-service ingest-service dashboard-api; do
    k wait --for=condition=complete "job/$service-migrate" --timeout=300s
  done
  for name in auth-service ingest-service dashboard-serve dashboard-consume; do
    k rollout status "deploy/$name" --timeout=300s
  done
}

forward() {
  k port-forward svc/dashboard-serve 18080:8080 >/dev/null 2>&1 & PIDS+=($!)
  k port-forward deploy/pagerduty-sim 18081:8080 >/dev/null 2>&1 & PIDS+=($!)
  for _ in $(seq 60); do
    curl -sf -o /dev/null "$ORIGIN/api/openapi.json" && curl -sf -o /dev/null "$CONTROL/sim/clock" && return
    sleep 1
  done
  echo "the forwarded ports do not answer" >&2; return 1
}

# --- a person with a browser: curl with a cookie jar; PagerDuty's name leads to the forwarded port
browse() { curl -sS --cookie "$WORK/jar" --cookie-jar "$WORK/jar" --connect-to pagerduty-sim:8080:localhost:18081 "$@"; }
api() { browse -f -H 'X-Requested-With: quolum' -H "Origin: $ORIGIN" "$@"; }
# The hidden field of the form on a page.
transaction() { sed -n 's/.*name="transaction" value="\([^"]*\)".*/\1/p'; }

connect() {
  local sim=http://pagerduty-sim:8080 link page
  k exec deploy/auth-service -- /app/service org create --name Smoke --owner-email smoke@acme.example >/dev/null
  link=$(k exec deploy/auth-service -- /app/service sign-in-link --email smoke@acme.example | grep ^http)
  api -o /dev/null -H 'Content-Type: application/json' -d "{\"token\":\"${link##*token=}\"}" "$ORIGIN/sign-in"
  page=$(browse -L -H "Origin: $ORIGIN" --data-urlencode return_to=/connections "$ORIGIN/connect/pagerduty" | transaction)
  page=$(browse -L -d "transaction=$page" --data-urlencode email=admin@acme.example -d password=smoke "$sim/oauth/authorize/sign-in" | transaction)
  browse -L -o /dev/null -w '%{url_effective}\n' -d "transaction=$page" -d decision=allow "$sim/oauth/authorize/consent" |
    grep -q 'consent=connected'
}

# Waits until the newest run is stored.
synced() {
  for _ in $(seq 300); do
    [ "$(api "$ORIGIN/api/v1/connections" | json data 0 sync stored)" = true ] && return
    sleep 1
  done
  echo "no stored sync after 300 s" >&2; return 1
}

report() {
  local seats active truth
  api "$ORIGIN/api/v1/overview?window=90" >"$WORK/overview.json"
  seats=$(json seats total <"$WORK/overview.json"); active=$(json seats by_class active <"$WORK/overview.json")
  truth=$(curl -sf "$CONTROL/sim/truth?account=acme&window=90&as_of=$(json as_of <"$WORK/overview.json")")
  echo "seats $seats, active $active, utilization $(json utilization_percent <"$WORK/overview.json") %"
  [ "$seats" = "$(json seats_total <<<"$truth")" ] && [ "$active" = "$(json by_class active <<<"$truth")" ]
}

# --- requests from inside the cluster while everything restarts; each must be answered
load() {
  local cookie; cookie=$(awk '/sid/ {print $6"="$7}' "$WORK/jar")
  k apply -f - >/dev/null <<YAML
apiVersion: v1
kind: ConfigMap
metadata: {name: smoke-load}
data:
  load.py: |
    import http.client, sys, time
    failed = 0
    for n in range($REQUESTS):
        try:
            connection = http.client.HTTPConnection("dashboard-serve", 8080, timeout=10)
            connection.request("GET", "/api/v1/overview?window=90", headers={"Cookie": "$cookie"})
            answer = connection.getresponse(); answer.read()
            if answer.status != 200: raise RuntimeError(answer.status)
        except Exception as error:
            failed += 1; print("failed:", repr(error), flush=True)
        time.sleep(0.01)
    print("requests $REQUESTS failed", failed, flush=True)
    sys.exit(1 if failed else 0)
---
apiVersion: batch/v1
kind: Job
metadata: {name: smoke-load}
spec:
  backoffLimit: 0
  template:
    metadata:
      labels: {app.kubernetes.io/component: smoke-load}
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: load
          image: $LOAD_IMAGE
          command: [python3, /etc/smoke/load.py]
          resources: {requests: {cpu: 50m, memory: 32Mi}, limits: {memory: 64Mi}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          volumeMounts: [{name: load, mountPath: /etc/smoke}]
      volumes: [{name: load, configMap: {name: smoke-load}}]
YAML
}

restart_everything() {
  load
  k wait --for=jsonpath='{.status.ready}'=1 job/smoke-load --timeout=120s
  for name in auth-service ingest-service dashboard-consume dashboard-serve; do
    k rollout restart "deploy/$name" >/dev/null
    k rollout status "deploy/$name" --timeout=300s
  done
  k wait --for=condition=complete job/smoke-load --timeout=900s || { k logs job/smoke-load --tail=20; return 1; }
  k logs job/smoke-load --tail=1
}

say "install"; install
say "connect"; forward; connect
say "first sync"; synced
say "report, compared with the simulator's truth"; report
say "restart every Deployment under $REQUESTS requests"; restart_everything
say "report again"; kill "${PIDS[@]}" 2>/dev/null || true; PIDS=(); forward; report
say "all good"
