#!/bin/sh
# Wait for what comes of a task: sh poll.sh http://localhost:5000/tasks/<id>/result
set -eu
head=$(mktemp) body=$(mktemp)
trap 'rm -f "$head" "$body"' EXIT

header() { awk -F ': *' -v name="$1" 'tolower($1) == name { print $2 }' "$head" | tr -d '\r'; }

while
  code=$(curl -sS -D "$head" -o "$body" -w '%{http_code}' "$1")
  own=$(header asyncresult)
  [ -z "$own" ] && { [ "$code" = 202 ] || [ "$code" = 503 ]; }
do
  pause=$(header retry-after)
  sleep "${pause:-1}"
done
echo "$code ${own:--} $(cat "$body")"
