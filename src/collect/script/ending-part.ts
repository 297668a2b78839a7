/** Of the printed script: the order of things, the manifest and the archive. */
export const ENDING = `
network_cards() {
  [ "$host_namespace" = init ] && command -v ethtool >/dev/null 2>&1 || return 0
  for card in /sys/class/net/*/device; do
    [ -e "$card" ] || continue
    card=\${card%/device} card=\${card##*/}
    stamp
    taken=$now
    case $card in -*) continue ;; esac
    limited "$draft/text" "$draft/said" ethtool -S "$card" || continue
    { echo "$ ethtool -S $card"; cat "$draft/text"; } >"$bundle/namespaces/host/ethtool-$card.txt"
    keep "namespaces/host/ethtool-$card.txt" "ethtool -S $card" "$taken"
  done
}

# Lines of JSON with commas between them.
listed_lines() { sed '$!s/$/,/; s/^/    /' "$1"; }

manifest() {
  echo '{'
  echo '  "format": "nettrace-bundle/1",'
  echo "  \\"collector\\": \\"nettrace $version, shell script\\","
  quote "$node"
  echo "  \\"host\\": \\"$quoted\\","
  quote "$(uname -r)"
  echo "  \\"kernel\\": \\"$quoted\\","
  echo "  \\"collectedAt\\": \\"$begun\\","
  : >"$draft/other"
  while IFS='|' read -r number space net pid container named id; do
    quote "$space"
    line="{\\"name\\": \\"$quoted\\"\${number:+, \\"inode\\": $number}"
    [ -z "$pid" ] || line="$line, \\"pid\\": $pid"
    [ -z "$id" ] || line="$line, \\"netnsid\\": $id"
    quote "$container"
    line="$line\${container:+, \\"container\\": \\"$quoted\\"}"
    printf '%s}\\n' "$line" >>"$draft/other"
  done <"$draft/table"
  echo '  "namespaces": ['
  listed_lines "$draft/other"
  echo '  ],'
  echo '  "files": ['
  sort "$draft/files" >"$draft/other"
  listed_lines "$draft/other"
  echo '  ],'
  echo '  "tools": {'
  listed_lines "$draft/tools"
  echo '  },'
  echo '  "missing": ['
  listed_lines "$draft/missing"
  echo '  ]'
  echo '}'
}

find_modules
inspect_docker
inspect_podman
find_namespaces
if [ -n "$points" ]; then
  find_points
  suffix=-before
  each_namespace gather_counters
  suffix=
  capture
fi
each_namespace gather_state
folder=namespaces/host
gather_machine
folder=
gather_processes
network_cards
each_namespace resolver
find_versions
manifest >"$bundle/manifest.json"

if command -v gzip >/dev/null 2>&1; then
  tar -C "$draft/bundle" -cf - "$name" | gzip -c >"$draft/archive"
else tar -C "$draft/bundle" -cf "$draft/archive" "$name"; fi
[ -s "$draft/archive" ] || fail 'packing failed'
# Never over what came there meanwhile.
ln "$draft/archive" "$out" 2>/dev/null || { [ ! -e "$out" ] && mv "$draft/archive" "$out"; } || fail "$out can't be written"

echo "$out: $(wc -l <"$draft/files" | tr -d ' ') files, $(wc -c <"$out" | tr -d ' ') bytes"
echo "  namespaces: $(cut -d'|' -f2 "$draft/table" | tr '\\n' ' ')"
[ ! -s "$draft/counts" ] || cat "$draft/counts"
result=0
if [ -s "$draft/lacking" ]; then
  echo
  echo 'Not in it'
  # A line for each reason.
  awk -F'\\t' '
    { key = $3 SUBSEP $1 }
    !($3 in reasons) { reasons[$3]; reason[++count] = $3 }
    !(key in names) { whats[$3, ++number[$3]] = $1; names[key] = "" }
    $2 != "" { names[key] = names[key] (names[key] == "" ? "" : ", ") $2 }
    END {
      for (at = 1; at <= count; at++) {
        text = ""
        for (each = 1; each <= number[reason[at]]; each++) {
          what = whats[reason[at], each]
          list = names[reason[at] SUBSEP what]
          text = text (each > 1 ? ", " : "") what (list == "" ? "" : " (" list ")")
        }
        print "  " text ": " reason[at]
      }
    }
  ' "$draft/lacking" 2>/dev/null || cat "$draft/lacking"
  result=1
fi
echo
echo "What is wrong: nettrace analyze $out"
exit $result
`;
