/** Of the printed script: tcpdump at every point at once. */
export const CAPTURE = `
# A pause that a signal ends.
pause() {
  sleep "$1" &
  wait $! 2>/dev/null
}

# place POINT: sets namespace, net and device, or says what is wrong.
place() {
  case $1 in
    *:*) wanted=\${1%%:*} device=\${1#*:} ;;
    *) wanted=host device=$1 ;;
  esac
  line=$(awk -F'|' -v name="$wanted" '$2 == name || $5 == name || $6 == name { print; exit }' "$draft/table")
  [ -n "$line" ] || fail "no namespace or container is called $wanted; there are: $(cut -d'|' -f2 "$draft/table" | tr '\\n' ' ')"
  namespace=$(printf %s "$line" | cut -d'|' -f2) net=$(printf %s "$line" | cut -d'|' -f3)
  [ "$device" != any ] || return 0
  inside "$draft/text" cat /proc/net/dev
  sed -n '1,2d; s/^ *\\([^ :]*\\):.*/\\1/p' "$draft/text" | grep -qxF "$device" || fail "$namespace has no interface $device"
}

find_points() {
  command -v tcpdump >/dev/null 2>&1 || fail 'tcpdump is not installed, and nothing else captures here'
  for point in $(printf %s "$points" | tr ',' ' '); do
    place "$point"
    grep -qxF "$namespace|$net|$device" "$draft/points" || printf '%s|%s|%s\\n' "$namespace" "$net" "$device" >>"$draft/points"
  done
  namespace= net=
}

start_captures() {
  number=0
  set -- -n -U
  [ "$promiscuous" = yes ] || set -- "$@" -p
  [ "$snaplen" = 0 ] || set -- "$@" -s "$snaplen"
  [ -z "$packets" ] || set -- "$@" -c "$packets"
  # Out of reach of the terminal's Ctrl-C, which this script answers; and with an end of its own, should the script be killed.
  apart= guard=
  if command -v setsid >/dev/null 2>&1; then apart=setsid; fi
  if timeout -s INT 1 true 2>/dev/null; then guard="timeout -s INT $((seconds + 30))"; fi
  while IFS='|' read -r namespace net device <&3; do
    number=$((number + 1))
    mkdir -p "$bundle/captures/$namespace"
    file=captures/$namespace/$(printf %s "$device" | tr / _).pcap
    $apart \${net:+"$nsenter" "--net=$net"} $guard tcpdump "$@" -i "$device" -w - \${filter:+-- "$filter"} \\
      >"$bundle/$file" 2>"$draft/heard.$number" </dev/null &
    printf '%s\\n' $! >>"$draft/running"
    printf '%s|%s|%s|%s|%s\\n' $! "$number" "$namespace" "$device" "$file" >>"$draft/taps"
    command="tcpdump -n$(shift 2; printf ' %s' "$@" | sed 's/ *$//') -i $device -w $device.pcap\${filter:+ '$filter'}"
    printf '%s\\n' "$command" >"$draft/command.$number"
    stamp
    printf '%s\\n' "$now" >"$draft/began.$number"
  done 3<"$draft/points"
  namespace= net=
}

# Every tap listens or has ended.
await_listening() {
  tries=0
  while [ $tries -lt 50 ]; do
    tries=$((tries + 1)) waiting=no
    while IFS='|' read -r pid number rest <&3; do
      if ! grep -q 'listening on' "$draft/heard.$number" && kill -0 "$pid" 2>/dev/null; then waiting=yes; fi
    done 3<"$draft/taps"
    [ $waiting = yes ] || return 0
    pause 0.2 || pause 1
  done
}

capture() {
  : >"$draft/taps"
  start_captures
  await_listening
  if ! cat "$draft"/heard.* | grep -q 'listening on'; then
    fail "no capture could begin: $(cat "$draft"/heard.* | sed -n 's/^tcpdump: //p' | sed -n '$p'); without -c, everything else is gathered"
  fi
  echo "capturing on $(sed 's/\\([^|]*\\)|[^|]*|\\(.*\\)/\\1:\\2/' "$draft/points" | tr '\\n' ' ')for $seconds s; Ctrl-C ends it early" >&2
  end=$(($(date +%s) + seconds))
  while [ $interrupts -eq 0 ] && [ "$(date +%s)" -lt $end ]; do
    alive=no
    while IFS='|' read -r pid number namespace device file <&3; do
      kill -0 "$pid" 2>/dev/null || continue
      alive=yes
      if [ "$(wc -c <"$bundle/$file")" -ge "$most" ]; then
        [ -e "$draft/full.$number" ] || kill -INT "$pid" 2>/dev/null
        : >"$draft/full.$number"
      fi
    done 3<"$draft/taps"
    [ $alive = yes ] || break
    pause 1
  done
  # The kernel hands over what is left within a second.
  pause 1
  pause 1
  while IFS='|' read -r pid rest <&3; do kill -INT "$pid" 2>/dev/null; done 3<"$draft/taps"
  tries=0
  while IFS='|' read -r pid rest <&3; do
    while kill -0 "$pid" 2>/dev/null && [ $tries -lt 3 ]; do
      tries=$((tries + 1))
      pause 1
    done
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done 3<"$draft/taps"
  : >"$draft/running"
  while IFS='|' read -r pid number space device file <&3; do
    namespace=$space
    heard=$draft/heard.$number
    if [ ! -s "$bundle/$file" ]; then
      rm -f "$bundle/$file"
      rmdir "$bundle/captures/$space" 2>/dev/null
      namespace=
      miss "the capture on $space:$device" "$(grep -v 'listening on\\|^[0-9]* packet' "$heard" | sed -n 's/^tcpdump: //; $p')"
      continue
    fi
    caught=$(sed -n 's/^\\([0-9]*\\) packets\\{0,1\\} captured.*/\\1/p' "$heard")
    dropped=$(sed -n 's/^\\([0-9]*\\) packets\\{0,1\\} dropped by kernel.*/\\1/p' "$heard")
    quote "$device"
    device_quoted=$quoted
    keep "$file" "$(cat "$draft/command.$number")" "$(cat "$draft/began.$number")" \\
      ", \\"interface\\": \\"$device_quoted\\"\${caught:+, \\"packets\\": $caught}\${dropped:+, \\"dropped\\": $dropped}"
    echo "  $space:$device: \${caught:-?} packets" >>"$draft/counts"
    namespace=
    [ "\${dropped:-0}" = 0 ] || miss "packets of $space:$device" "the kernel had no room for $dropped of them"
    [ ! -e "$draft/full.$number" ] || miss "the capture on $space:$device" "its file has reached $most bytes"
  done 3<"$draft/taps"
  namespace=
}
`;
