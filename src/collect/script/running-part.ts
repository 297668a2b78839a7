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
      [ -n "\${part%/}" ] || break
      part=\${part%/*}
    done
  done
}

# What the environment names may be another user's: programs of it are root's own, or those of users as they are.
me=$(id -u) believed=
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

stamp() { date -u +%Y-%m-%dT%H:%M:%SZ; }

begun=$(stamp)
node=$(uname -n)
name=nettrace-$(printf %s "$node" | sed 's/[^A-Za-z0-9_.-]/_/g')-$(date -u +%Y%m%dT%H%M%SZ)
if [ -z "$out" ]; then out=$name.tar.gz; else name=$(basename "$out" | sed 's/[.]tar[.]gz$//; s/[.]tgz$//'); fi
[ ! -e "$out" ] || fail "$out exists already; name another one with -o"
draft=$(dirname "$out")/nettrace-collect-$$
mkdir "$draft" || fail "$draft can't be made"
trap 'rm -rf "$draft"' EXIT
bundle=$draft/bundle/$name
mkdir -p "$bundle"
: >"$draft/files" ; : >"$draft/missing" ; : >"$draft/lacking" ; : >"$draft/table" ; : >"$draft/tools"
: >"$draft/running" ; : >"$draft/points" ; : >"$draft/containers"

leave() {
  while read -r pid; do kill -9 "$pid" 2>/dev/null; done <"$draft/running"
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
trap on_interrupt INT TERM HUP
trap leave EXIT

# As it stands between the quotes of JSON.
json() {
  printf %s "$1" | tr -d '\\000-\\037' | sed 's/\\\\/\\\\\\\\/g; s/"/\\\\"/g'
}

# limited OUT ERR COMMAND...: its status, 124 when it had to be ended. What watches over it goes within a second of its end.
runs=0
limited() {
  to=$1 complaints=$2
  shift 2
  runs=$((runs + 1))
  "$@" >"$to" 2>"$complaints" </dev/null &
  child=$!
  (
    trap '' INT TERM HUP
    left=$limit
    while [ -d "$draft" ] && [ ! -e "$draft/over.$runs" ]; do
      if [ "$left" -le 0 ]; then
        : >"$draft/late.$runs"
        kill -9 $child
        exit
      fi
      left=$((left - 1))
      sleep 1
    done
    rm -f "$draft/over.$runs"
  ) >/dev/null 2>&1 &
  wait $child
  status=$?
  # A signal to this script ends the waiting, not the command.
  while [ $status -gt 128 ] && kill -0 $child 2>/dev/null; do
    wait $child
    status=$?
  done
  child=
  if [ -e "$draft/late.$runs" ]; then status=124; else : >"$draft/over.$runs"; fi
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

inside() {
  if [ -n "$net" ]; then limited "$draft/text" "$draft/said" "$nsenter" "--net=$net" "$@"
  else limited "$draft/text" "$draft/said" "$@"; fi
}

miss() {
  # miss WHAT REASON
  line="{\\"what\\": \\"$(json "$1")\\", \\"reason\\": \\"$(json "$2")\\"}"
  [ -z "$namespace" ] || line="{\\"namespace\\": \\"$(json "$namespace")\\", \${line#?}"
  grep -qxF "$line" "$draft/missing" && return
  printf '%s\\n' "$line" >>"$draft/missing"
  printf '%s\\t%s\\t%s\\n' "$1" "$namespace" "$2" >>"$draft/lacking"
}

# keep PATH COMMAND TIME [MORE]: the file is in the bundle; the manifest tells of it.
keep() {
  line="{\\"path\\": \\"$(json "$1")\\", \\"command\\": \\"$(json "$2")\\", \\"collectedAt\\": \\"$3\\"\${4:-}"
  [ -z "$namespace" ] || line="$line, \\"namespace\\": \\"$(json "$namespace")\\""
  printf '%s}\\n' "$line" >>"$draft/files"
}

begin() { what=$1 drop=\${2:-} got=no tried=no reason= absent=; }

# try FILE PATTERN-TO-KEEP lenient|strict COMMAND...: one way to get at it.
try() {
  [ $got = no ] || return 0
  try_file=$1 try_keep=$2 try_lenient=$3
  shift 3
  tried=yes taken=$(stamp) all=
  : >"$draft/whole"
  for try_command in "$@"; do
    try_run=$try_command try_env=
    case \${try_command%% *} in
      *=*) try_env="env \${try_command%% *}" try_run=\${try_command#* } ;;
    esac
    try_tool=\${try_run%% *}
    if ! find_tool "$try_tool"; then
      absent=\${absent:-$try_tool is not installed}
      return 0
    fi
    eval "inside $try_env \\"\\$tool_path\\" \${try_run#* }"
    status=$?
    # The kernel's list changed while it was printed.
    if [ $status -ne 0 ] && grep -Eqi 'interrupted|terminated' "$draft/said"; then
      eval "inside $try_env \\"\\$tool_path\\" \${try_run#* }"
      status=$?
    fi
    if [ -n "$net" ] && [ $status -ne 0 ] && grep -q '^nsenter: ' "$draft/said"; then
      what='the rest' reason='it went away meanwhile'
      return 0
    fi
    if [ $status -eq 124 ]; then
      reason=\${reason:-$try_tool gave no answer in $limit s}
      return 0
    fi
    if [ $status -ne 0 ] && { [ $try_lenient = strict ] || [ ! -s "$draft/text" ]; }; then
      try_said=$(sed -n "s/^$try_tool\\( v[0-9.]*\\)\\{0,1\\}\\( ([a-z_]*)\\)\\{0,1\\}: //; s/^BusyBox .*/busybox's can't/; /^WARNING/d; /[^ ]/{p;q;}" "$draft/said")
      reason=\${reason:-$try_tool: \${try_said:-ended with status $status}}
      return 0
    fi
    cat "$draft/text" >>"$draft/whole"
    all="\${all:+$all; }$try_command"
  done
  if [ -n "$try_keep" ]; then
    if ! grep "$try_keep" "$draft/whole" >"$draft/text"; then
      reason=\${reason:-$1 printed none of it}
      return 0
    fi
    mv "$draft/text" "$draft/whole"
  fi
  got=yes
  if [ -n "$drop" ] && ! tr -d ' \\n\\t[]{},' <"$draft/whole" | sed 's/^"mdb":"router":$//' | grep -q .; then return 0; fi
  put "$try_file" "$all"
}

put() {
  put_file=$1
  [ -z "$suffix" ] || put_file=\${1%.*}$suffix.\${1##*.}
  mkdir -p "$bundle/$folder"
  cat "$draft/whole" >"$bundle/$folder\${folder:+/}$put_file"
  keep "$folder\${folder:+/}$put_file" "$2" "$taken"
}

# none [FILE COMMAND]: none of the ways could be gone; with a file, that says that there is nothing.
none() {
  [ $got = no ] || return 0
  if [ -n "$reason$absent" ]; then miss "$what" "\${reason:-$absent}"
  elif [ $tried = no ] && [ $# -gt 0 ]; then
    taken=$(stamp)
    : >"$draft/whole"
    put "$1" "$2"
  fi
}

find_module() {
  if [ -e "/sys/module/$1" ] || grep -q "^$1 " /proc/modules 2>/dev/null ||
    grep -Eq " $2([[:space:]]|\\$)" /proc/kallsyms 2>/dev/null; then
    modules="\${modules:-} $1 "
  fi
}
has_module() { case \${modules:-} in *" $1 "*) return 0 ;; esac; return 1; }
is_listed() { inside cat "$1" && [ -s "$draft/text" ]; }
lacks() { ! find_tool "$1"; }

tool_version() {
  find_tool "$1" || return 0
  limited "$draft/text" "$draft/said" "$tool_path" "$2"
  line=$(cat "$draft/text" "$draft/said" | sed -n '/[^ ]/{p;q;}')
  [ -z "$line" ] || printf '"%s": "%s"\\n' "$1" "$(json "$line")" >>"$draft/tools"
}
`;
