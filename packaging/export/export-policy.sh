#!/usr/bin/env bash
# Exports what a tenant's policy is made of from the administration interface, page by page, for `twin-audit policy import`.
set -euo pipefail

usage() {
    cat <<'EOT'
usage: export-policy.sh URL OUT

  URL   GraphQL endpoint of the administration interface, such as https://TENANT.example.com/api/graphql/
  OUT   directory for the answers; must not exist. It appears only when every page was read.

environment:
  TWIN_API_KEY         key with the right to read; or
  TWIN_API_KEY_FILE    file that holds it
  TWIN_PAGE_SIZE       objects a page, 1 to 100 [100]
  TWIN_RETRIES         how often a page is asked for again after a refusal that may pass [6]
  TWIN_RETRY_SECONDS   pause before the first repetition, doubled each time, unless the server says how long [2]

exit status: 0 done, 2 usage, 3 the interface answered with an error, 4 it could not be reached or asked to wait too often
EOT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ "${1:-}" = "--help" ] || [ "${1:-}" = "-h" ]; then usage; exit 0; fi
[ $# -eq 2 ] || { usage >&2; exit 2; }
url=$1
out=${2%/}
fail() { echo "error: $2" >&2; exit "$1"; }

for program in curl jq; do command -v "$program" >/dev/null || fail 4 "\`$program\` is not installed"; done
[ ! -e "$out" ] || fail 2 "\`$out\` exists; name a directory that does not"
case $url in
    https://*) ;;
    http://127.0.0.1* | http://localhost* | http://\[::1\]*) ;;
    *) fail 2 "the key must not travel in the clear: give an https address, not \`$url\`" ;;
esac
key=${TWIN_API_KEY:-}
if [ -z "$key" ] && [ -n "${TWIN_API_KEY_FILE:-}" ]; then
    key=$(head -n 1 -- "$TWIN_API_KEY_FILE") || fail 4 "the key file cannot be read"
fi
[ -n "$key" ] || fail 2 "set TWIN_API_KEY or TWIN_API_KEY_FILE"
unset TWIN_API_KEY
number() {
    [[ $2 =~ ^[0-9]+$ ]] && [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] || fail 2 "$1 takes $3 to $4, not \`$2\`"
}
page_size=${TWIN_PAGE_SIZE:-100}
retries=${TWIN_RETRIES:-6}
first_pause=${TWIN_RETRY_SECONDS:-2}
number TWIN_PAGE_SIZE "$page_size" 1 100
number TWIN_RETRIES "$retries" 0 100
number TWIN_RETRY_SECONDS "$first_pause" 0 3600

work=$(mktemp -d "${out}.part.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
mkdir "$work/pages"
requests=0

# ask OPERATION VARIABLES FILE: one page into FILE. The key goes to curl through a pipe, so that no list of processes shows it.
ask() {
    local operation=$1 variables=$2 file=$3 attempt=0 pause=$first_pause status wait_for
    jq -n --rawfile query "$here/tenant.graphql" --arg operation "$operation" --argjson variables "$variables" \
        '{query: $query, operationName: $operation, variables: $variables}' >"$work/request"
    while :; do
        requests=$((requests + 1))
        status=$(curl --silent --show-error --proto '=http,https' --connect-timeout 20 --max-time 120 \
            --header @<(printf 'X-API-KEY: %s\n' "$key") --header 'Content-Type: application/json' \
            --data-binary "@$work/request" --dump-header "$work/headers" --output "$file" --write-out '%{http_code}' \
            -- "$url" 2>"$work/trouble") || status=000
        case $status in
            200) break ;;
            400 | 404 | 405) fail 3 "$operation: the interface refused the question ($status): $(head -c 300 "$file")" ;;
            401 | 403) fail 3 "$operation: the interface does not accept the key ($status)" ;;
            000 | 408 | 425 | 429 | 5??) ;;
            *) fail 3 "$operation: unexpected status $status from \`$url\`" ;;
        esac
        if [ "$attempt" -ge "$retries" ]; then
            fail 4 "$operation: given up after $((attempt + 1)) attempts, last status $status $(head -c 300 "$work/trouble")"
        fi
        attempt=$((attempt + 1))
        wait_for=$(tr -d '\r' <"$work/headers" 2>/dev/null | awk 'tolower($1) == "retry-after:" && $2 ~ /^[0-9]+$/ { print $2 }' | tail -n 1)
        [ "$status" != 000 ] || wait_for=""
        echo "$operation: status $status, waiting ${wait_for:-$pause} s" >&2
        sleep "${wait_for:-$pause}"
        pause=$((pause * 2 > 300 ? 300 : pause * 2))
    done
    jq -e 'type == "object"' "$file" >/dev/null 2>&1 || fail 3 "$operation: the answer is not a JSON object"
    if jq -e '(.errors // []) | length > 0' "$file" >/dev/null; then
        fail 3 "$operation: $(jq -r '[.errors[].message] | join("; ")' "$file")"
    fi
}

# list OPERATION FIELD: every page of a list of the tenant.
list() {
    local operation=$1 field=$2 after=null page=0 file more
    while :; do
        page=$((page + 1))
        file=$(printf '%s/pages/%s-%05d.json' "$work" "$field" "$page")
        ask "$operation" "{\"first\": $page_size, \"after\": $after}" "$file"
        jq -e --arg field "$field" '.data[$field].edges | type == "array"' "$file" >/dev/null || fail 3 "$operation: the answer holds no \`$field\`"
        more=$(jq -r --arg field "$field" '.data[$field].pageInfo.hasNextPage' "$file")
        [ "$more" = true ] || break
        local next
        next=$(jq -c --arg field "$field" '.data[$field].pageInfo.endCursor' "$file")
        # A server that gives the same cursor for ever must not keep us for ever.
        [ "$next" != "$after" ] && [ "$next" != null ] || fail 3 "$operation: the list says it goes on and does not"
        after=$next
    done
}

# rest OPERATION FIELD INNER ONE: the further pages of a list inside each object of FIELD.
rest() {
    local operation=$1 field=$2 inner=$3 one=$4 id after next page file
    jq -r --arg field "$field" --arg inner "$inner" \
        '.data[$field].edges[].node | select(.[$inner].pageInfo.hasNextPage) | [.id, (.[$inner].pageInfo.endCursor | @json)] | @tsv' \
        "$work/pages/$field"-*.json >"$work/unfinished"
    while IFS=$'\t' read -r id after; do
        page=1
        while :; do
            page=$((page + 1))
            file=$(printf '%s/pages/%s-%s-%s-%05d.json' "$work" "$one" "$(printf '%s' "$id" | tr -c 'A-Za-z0-9\n' _)" "$inner" "$page")
            ask "$operation" "$(jq -n --arg id "$id" --argjson first "$page_size" --argjson after "$after" '{$id, $first, $after}')" "$file"
            jq -e --arg one "$one" '.data[$one] != null' "$file" >/dev/null || fail 3 "$operation: \`$id\` went away while it was read; run the export again"
            [ "$(jq -r --arg one "$one" --arg inner "$inner" '.data[$one][$inner].pageInfo.hasNextPage' "$file")" = true ] || break
            next=$(jq -c --arg one "$one" --arg inner "$inner" '.data[$one][$inner].pageInfo.endCursor' "$file")
            [ "$next" != "$after" ] && [ "$next" != null ] || fail 3 "$operation: the list says it goes on and does not"
            after=$next
        done
    done <"$work/unfinished"
}

began=$(date -u +%Y-%m-%dT%H:%M:%SZ)
list RemoteNetworks remoteNetworks
list Connectors connectors
list Users users
list Groups groups
rest GroupUsers groups users group
list ServiceAccounts serviceAccounts
rest ServiceAccountKeys serviceAccounts keys serviceAccount
list Devices devices
list SecurityPolicies securityPolicies
list Resources resources
rest ResourceAccess resources access resource

mv -- "$work/pages" "$out"
echo "$requests requests, $(find "$out" -name '*.json' | wc -l) pages in $out, read from $began to $(date -u +%Y-%m-%dT%H:%M:%SZ)" >&2
echo "next: twin-audit policy import $out/*.json --effective-at $began --out policies" >&2
