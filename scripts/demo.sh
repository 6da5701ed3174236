#!/usr/bin/env bash
# The main job from end to end, on a tenant made up from a seed. Leaves demo/ for further questions.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(cd "$1" && pwd)
export PATH="$bin:$PATH" TWIN_AUDIT_DB=demo/audit.db

step() { printf '\n\033[1m== %s\033[0m\n' "$1"; }
[ -t 1 ] || step() { printf '\n== %s\n' "$1"; }

# Runs a command whose bad answer (1) or open question (6) is part of the story; anything else ends the demo.
tell() {
    printf '$ %s\n' "$*"
    local status=0
    "$@" || status=$?
    case $status in
        0) ;;
        1 | 6) printf '(status %d)\n' "$status" ;;
        *) printf '(status %d: the demo ends here)\n' "$status" >&2; exit "$status" ;;
    esac
}

rm -rf demo
mkdir demo
step "a tenant: three Remote networks, two policy changes, a day of journals"
twin-journal keygen --out demo/journal.key
tell twin-simulate --out demo/tenant --seed 7 --networks 3 --connectors-per-network 2 --users 60 --resources 40 --flows 20000 \
    --days 1 --start 2026-09-14 --policy-changes 2 --key demo/journal.key

step "ingest the journals, judged by the policy history"
tell twin-audit ingest demo/tenant/journals --policy demo/tenant/policy
step "ingest the sample logs, a tenant of its own, into a database of its own"
for export in SampleLogs/policy/*.json; do
    name=$(basename "$export" .json)
    tell twin-audit policy import "$export" --effective-at "$name" --out demo/samples-policy
done
tell twin-audit ingest --db demo/samples.db SampleLogs --policy demo/samples-policy

step "who reached what, through which Connector"
tell twin-audit access --limit 12
step "findings"
tell twin-audit detect --format csv >demo/findings.csv
echo "(all of them, with their evidence, are in demo/findings.csv)"
tell twin-audit query sql "select severity, rule_id, count(*) as findings, sum(count) as occurrences from finding
    group by 1, 2 order by instr('critical high medium low info', severity), 2"
tell twin-audit detect --only 'tunnel.*' --evidence 1
step "replay: was it right?"
tell twin-audit replay
step "the journals, byte by byte"
for journal in demo/tenant/journals/*/; do
    tell twin-journal verify "$journal" --key demo/journal.key.pub
done
tell twin-audit verify --key demo/journal.key.pub
step "a report"
tell twin-audit report --period all --format html,csv,json --out demo/report
ls demo/report

step "five commands to try next"
cat <<EOT
  export PATH="$bin:\$PATH" TWIN_AUDIT_DB=demo/audit.db
  twin-audit access --verdict over-permitted --by user,reason,resource,connector
  twin-audit timeline --limit 20
  twin-audit trace "\$(twin-audit query sql "select connection_id from flow where verdict = 'over-permitted' limit 1" --format tsv | tail -1)"
  twin-audit detect --explain tunnel.no-resource
  twin-audit access --db demo/samples.db --by user,address,connector,verdict
EOT
