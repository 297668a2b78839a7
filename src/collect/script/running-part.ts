/** Of the printed script: running a command with an end to its time, and keeping what it printed. */
export const RUNNING = `
set -u
umask 077
LC_ALL=C TZ=UTC
given=\${PATH:-}:
PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin

# only_roots FOLDER: nobody else can put anything there, nor into a folder above.
only_roots() {
  case \${1:-} in /*) ;; *) return 1 ;; esac
  for part in "$1" "$(cd -P "$1" 2>/dev/null && pwd -P)"; do
    while :; do
      # Folders have most of what is above them in common: each is looked at once. A colon stands between those that were.
      case $part in *:*) seen=no ;; *) case \${sound:-} in *":\${part:-/}:"*) seen=yes ;; *) seen=no ;; esac ;; esac
      if [ $seen = no ]; then
        ls -ldn "\${part:-/}/." 2>/dev/null | {
          read -r mode links owner rest
          case $mode in d????-??-*) [ "$owner" = 0 ] ;; *) false ;; esac
        } || return 1
        # What a link leads to may be a link again.
        if [ -L "$part" ]; then
          target=$(readlink "$part") || return 1
          case $target in /*) ;; *) target=$(cd -P "\${part%/*}/" && pwd -P)/$target ;; esac
          (only_roots "$target") || return 1
        fi
        sound=\${sound:-:}\${part:-/}:
      fi
      [ -n "\${part%/}" ] || break
      part=\${part%/*}
    done
  done
}

# What the environment names may be another user's: programs of it are root's own, or those of users as they are.
me=$(id -u) believed= sound=
while [ -n "$given" ]; do
  entry=\${given%%:*} given=\${given#*:}
  case $entry in /*) ;; *) continue ;; esac
  if [ "$me" != 0 ] || only_roots "$entry"; then believed=$believed$entry:; fi
done
PATH=$believed$PATH
if [ "$me" = 0 ]; then
  only_roots "\${HOME:-}" || HOME=/root
  only_roots "\${DOCKER_CONFIG:-}" || unset DOCKER_CONFIG
  export HOME
fi
export LC_ALL TZ PATH

fail() {
  echo "collect: $1" >&2
  exit 2
}

out=
while getopts o:c:d:f:h option; do
  case $option in
    o) out=$OPTARG ;;
    c) points=$OPTARG ;;
    d) seconds=$OPTARG ;;
    f) filter=$OPTARG ;;
    *) sed -n 's/^# \\{0,1\\}//p' "$0" | sed 1d
       exit 2 ;;
  esac
done
case $seconds in
  '' | *[!0-9]*) fail "-d takes seconds, such as 30, not $seconds" ;;
esac

# Sets now. Only a program tells the time: it is asked again when the kernel counts another second.
stamped=
stamp() {
  read -r second rest 2>/dev/null </proc/uptime || second=
  second=\${second%.*}
  if [ -n "$second" ] && [ "$second" = "$stamped" ]; then return 0; fi
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ) stamped=$second
}

leave() {
  [ ! -e "$draft/running" ] || while read -r pid; do kill -9 "$pid" 2>/dev/null; done <"$draft/running"
  rm -rf "$draft"
  # What watched over a command sees that, and goes.
  wait
}

# Once: what runs is ended and the bundle is written. Twice: nothing stays.
interrupts=0
on_interrupt() {
  interrupts=$((interrupts + 1))
  if [ $interrupts -ge 2 ]; then
    [ -z "\${child:-}" ] || kill -9 "$child" 2>/dev/null
    trap - EXIT
    leave
    exit 130
  fi
  echo 'collect: ending; the bundle is being written (again: leave nothing behind)' >&2
}

stamp
begun=$now
node=$(uname -n)
name=nettrace-$(printf %s "$node" | sed 's/[^A-Za-z0-9_.-]/_/g')-$(date -u +%Y%m%dT%H%M%SZ)
if [ -z "$out" ]; then out=$name.tar.gz; else name=$(basename "$out" | sed 's/[.]tar[.]gz$//; s/[.]tgz$//'); fi
[ ! -e "$out" ] || fail "$out exists already; name another one with -o"
draft=$(dirname "$out")/nettrace-collect-$$
# One interrupt ends nothing, so none comes between the draft and what takes it away.
trap on_interrupt INT TERM HUP
mkdir "$draft" || fail "$draft can't be made"
trap leave EXIT
bundle=$draft/bundle/$name
mkdir -p "$bundle"
: >"$draft/files" ; : >"$draft/missing" ; : >"$draft/lacking" ; : >"$draft/table" ; : >"$draft/tools"
: >"$draft/running" ; : >"$draft/points" ; : >"$draft/containers"

# quote TEXT: sets quoted, as it stands between the quotes of JSON.
quote() {
  quoted=$1
  case $1 in
    *[!' '-~]* | *\\"* | *\\\\*)
      quoted=$(printf %s "$1" | tr -d '\\000-\\037' | sed 's/\\\\/\\\\\\\\/g; s/"/\\\\"/g')
      ;;
  esac
}

# Ends the command that is in watched, by the number of its run and of its process, for too long. It goes within a second of
# this script's end.
watch_over() {
  trap '' INT TERM HUP
  watched_run= left=$limit
  while [ -d "$draft" ] && kill -0 $$; do
    run= process=
    read -r run process <"$draft/watched"
    if [ "$run" != "$watched_run" ]; then watched_run=$run left=$limit; fi
    if [ -n "$process" ] && [ "$left" -le 0 ]; then
      : >"$draft/late.$run"
      kill -9 "$process"
    fi
    left=$((left - 1))
    sleep 1
  done
}
: >"$draft/watched"
watch_over >/dev/null 2>&1 </dev/null &

# limited OUT ERR COMMAND...: its status, 124 when it had to be ended.
runs=0
limited() {
  to=$1 complaints=$2
  shift 2
  runs=$((runs + 1))
  "$@" >"$to" 2>"$complaints" </dev/null &
  child=$!
  printf '%s %s\\n' $runs $child >"$draft/watched"
  wait $child
  status=$?
  # A signal to this script ends the waiting, not the command.
  while [ $status -gt 128 ] && kill -0 $child 2>/dev/null; do
    wait $child
    status=$?
  done
  child=
  : >"$draft/watched"
  [ ! -e "$draft/late.$runs" ] || status=124
  return $status
}

# find_tool NAME: sets tool_path. A shell of busybox's would take its own commands before those of the host.
find_tool() {
  tool_path=
  folders=$PATH:
  while [ -n "$folders" ]; do
    tool_folder=\${folders%%:*} folders=\${folders#*:}
    if [ -n "$tool_folder" ] && [ -f "$tool_folder/$1" ] && [ -x "$tool_folder/$1" ]; then
      tool_path=$tool_folder/$1
      return 0
    fi
  done
  command -v "$1" >/dev/null 2>&1 && tool_path=$1
}
find_tool nsenter || :
nsenter=$tool_path

# The namespace that commands run in: net is its file, empty for the script's own; folder is its place in the bundle.
net= namespace= folder= suffix=

# inside OUT COMMAND...
inside() {
  inside_to=$1
  shift
  if [ -n "$net" ]; then limited "$inside_to" "$draft/said" "$nsenter" "--net=$net" "$@"
  else limited "$inside_to" "$draft/said" "$@"; fi
}

miss() {
  # miss WHAT REASON
  quote "$1"
  line="\\"what\\": \\"$quoted\\""
  quote "$2"
  line="$line, \\"reason\\": \\"$quoted\\"}"
  quote "$namespace"
  line="{\${namespace:+\\"namespace\\": \\"$quoted\\", }$line"
  grep -qxF "$line" "$draft/missing" && return
  printf '%s\\n' "$line" >>"$draft/missing"
  printf '%s\\t%s\\t%s\\n' "$1" "$namespace" "$2" >>"$draft/lacking"
}

# keep PATH COMMAND TIME [MORE]: the file is in the bundle; the manifest tells of it.
keep() {
  quote "$1"
  line="{\\"path\\": \\"$quoted\\""
  quote "$2"
  line="$line, \\"command\\": \\"$quoted\\", \\"collectedAt\\": \\"$3\\"\${4:-}"
  quote "$namespace"
  printf '%s}\\n' "$line\${namespace:+, \\"namespace\\": \\"$quoted\\"}" >>"$draft/files"
}

begin() { what=$1 drop=\${2:-} got=no tried=no reason= absent=; }

# in_bundle FILE: sets its path in the bundle and its place on the disk; its folder is there then.
in_bundle() {
  bundle_path=$folder\${folder:+/}$1
  [ -z "$suffix" ] || bundle_path=\${bundle_path%.*}$suffix.\${1##*.}
  bundle_place=$bundle/$bundle_path
  [ -d "\${bundle_place%/*}" ] || mkdir -p "\${bundle_place%/*}"
}

# Nothing of it stays, nor a folder that would be empty.
discard() {
  rm -f "$bundle_place"
  rmdir "\${bundle_place%/*}" 2>/dev/null
}

# Nothing, or JSON without a record.
says_nothing() {
  [ ! -s "$1" ] || ! grep -Eqv '^[][{}, 	]*("mdb":[][{}, 	]*"router":[][{}, 	]*)?$' "$1"
}

# try FILE PATTERN-TO-KEEP lenient|strict COMMAND...: one way to get at it.
try() {
  [ $got = no ] || return 0
  tried=yes
  in_bundle "$1"
  if ! run_way "$@"; then
    discard
    return 0
  fi
  got=yes
  if [ -n "$drop" ] && says_nothing "$bundle_place"; then discard
  else keep "$bundle_path" "$all" "$taken"; fi
}

# The words of try: what they print is in its place, or there is a reason why not.
run_way() {
  try_file=$1 try_keep=$2 try_lenient=$3
  shift 3
  stamp
  taken=$now all=
  try_to=$bundle_place
  if [ $# -gt 1 ] || [ -n "$try_keep" ]; then try_to=$draft/text; fi
  for try_command in "$@"; do
    try_run=$try_command try_env=
    case \${try_command%% *} in
      *=*) try_env="env \${try_command%% *}" try_run=\${try_command#* } ;;
    esac
    try_tool=\${try_run%% *}
    if ! find_tool "$try_tool"; then
      absent=\${absent:-$try_tool is not installed}
      return 1
    fi
    eval "inside \\"\\$try_to\\" $try_env \\"\\$tool_path\\" \${try_run#* }"
    status=$?
    # The kernel's list changed while it was printed.
    if [ $status -ne 0 ] && grep -Eqi 'interrupted|terminated' "$draft/said"; then
      eval "inside \\"\\$try_to\\" $try_env \\"\\$tool_path\\" \${try_run#* }"
      status=$?
    fi
    if [ -n "$net" ] && [ $status -ne 0 ] && grep -q '^nsenter: ' "$draft/said"; then
      what='the rest' reason='it went away meanwhile'
      return 1
    fi
    if [ $status -eq 124 ]; then
      reason=\${reason:-$try_tool gave no answer in $limit s}
      return 1
    fi
    if [ $status -ne 0 ] && { [ $try_lenient = strict ] || [ ! -s "$try_to" ]; }; then
      try_said=$(sed -n "s/^$try_tool\\( v[0-9.]*\\)\\{0,1\\}\\( ([a-z_]*)\\)\\{0,1\\}: //; s/^BusyBox .*/busybox's can't/; /^WARNING/d; /[^ ]/{p;q;}" "$draft/said")
      reason=\${reason:-$try_tool: \${try_said:-ended with status $status}}
      return 1
    fi
    [ $# -eq 1 ] || cat "$try_to" >>"$bundle_place"
    all="\${all:+$all; }$try_command"
  done
  [ -n "$try_keep" ] || return 0
  grep "$try_keep" "$draft/text" >"$bundle_place" && return 0
  reason=\${reason:-$try_file printed none of it}
  return 1
}

# none [FILE COMMAND]: none of the ways could be gone; with a file, that says that there is nothing.
none() {
  [ $got = no ] || return 0
  if [ -n "$reason$absent" ]; then miss "$what" "\${reason:-$absent}"
  elif [ $tried = no ] && [ $# -gt 0 ]; then
    in_bundle "$1"
    stamp
    : >"$bundle_place"
    keep "$bundle_path" "$2" "$now"
  fi
}

# Those that the kernel has built in tell by their functions, of which the list is long: it is read once.
find_symbols() {
  grep -E " ($1)([[:space:]]|$)" /proc/kallsyms >"$draft/symbols" 2>/dev/null
}
find_module() {
  if [ -e "/sys/module/$1" ] || grep -q "^$1 " /proc/modules 2>/dev/null ||
    grep -Eq " $2([[:space:]]|\\$)" "$draft/symbols"; then
    modules="\${modules:-} $1 "
  fi
}
has_module() { case \${modules:-} in *" $1 "*) return 0 ;; esac; return 1; }
is_listed() { [ $got = no ] && inside "$draft/text" cat "$1" && [ -s "$draft/text" ]; }
lacks() { ! find_tool "$1"; }

tool_version() {
  find_tool "$1" || return 0
  limited "$draft/text" "$draft/said" "$tool_path" "$2"
  line=$(cat "$draft/text" "$draft/said" | sed -n '/[^ ]/{p;q;}')
  quote "$line"
  [ -z "$line" ] || printf '"%s": "%s"\\n' "$1" "$quoted" >>"$draft/tools"
}
`;
