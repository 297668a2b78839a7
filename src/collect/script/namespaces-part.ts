/** Of the printed script: containers and network namespaces. */
export const NAMESPACES = `
# Of what the engines print, one key a line, the blocks of these keys are left out: they hold passwords as often as not.
without_secrets() {
  awk -v keys="$secrets" '
    BEGIN { pattern = "^ *\\"(" keys ")\\": " }
    skipping {
      if ($0 ~ "^" indent "[]}],?$") { print indent held (/,$/ ? "," : ""); skipping = 0 }
      next
    }
    $0 ~ pattern {
      match($0, /^ */)
      indent = substr($0, 1, RLENGTH)
      held = substr($0, RLENGTH + 1)
      sub(/": .*/, "\\": null", held)
      if (/[[{]$/) { skipping = 1; next }
      print indent held (/,$/ ? "," : "")
      next
    }
    { print }
  '
}

# inspect_things TOOL FILE IDS INSPECT ADDRESS: of an engine elsewhere the processes are not those of this machine.
inspect_things() {
  command -v awk >/dev/null 2>&1 || { miss containers 'awk is not installed'; return 1; }
  # The words are of the plan and of an engine that may be anybody's: of its answer only what can be an id.
  eval "limited \\"\\$draft/ids\\" \\"\\$draft/said\\" $3"
  status=$?
  if [ $status -ne 0 ]; then
    said=$(sed -n '/^WARNING/d; /[^ ]/{p;q;}' "$draft/said")
    miss containers "$1: \${said:-no answer in $limit s}"
    return 1
  fi
  ids=$(grep '^[A-Za-z0-9_][A-Za-z0-9_.-]*$' "$draft/ids" | tr '\\n' ' ')
  case $ids in *[!\\ ]*) ;; *) return 0 ;; esac
  stamp
  taken=$now
  eval "limited \\"\\$draft/text\\" \\"\\$draft/said\\" $4 $ids"
  mkdir -p "$bundle/docker"
  without_secrets <"$draft/text" >"$bundle/docker/$2.json"
  keep "docker/$2.json" "$4 \\$($3)" "$taken"
  case $5 in '' | unix:*) ;; *) return 0 ;; esac
  eval "limited \\"\\$draft/text\\" \\"\\$draft/said\\" $4 -f '{{.State.Pid}} {{.Name}}' $ids"
  sed -n 's|^\\([1-9][0-9]*\\) /*|\\1 |p' "$draft/text" >>"$draft/containers"
}

# inode FILE: sets number, empty where it can't be told.
inode() {
  # The first word alone is looked at.
  set -- $(ls -diL "$1" 2>/dev/null)
  number=\${1:-}
}

# folder_name TEXT: sets add_base.
folder_name() {
  add_base=$1
  case $1 in
    '' | [.-]* | *[!A-Za-z0-9_.@:+-]*)
      add_base=$(printf %s "$1" | sed 's/[^A-Za-z0-9_.@:+-]/_/g; s/^[.-]*//; s/^$/unnamed/')
      ;;
  esac
}

# Inodes and folders of the namespaces so far, with a blank around each.
inodes=' ' folders_taken=' '

# Not among the namespaces yet.
is_new() { case $inodes in *" $1 "*) return 1 ;; esac; }

# add INODE NAME NET PID CONTAINER NAMED
add() {
  folder_name "$2"
  add_name=$add_base add_number=1 add_net=$3
  if [ "$1" = "$root" ]; then add_name=host
  else
    while :; do
      case " host $folders_taken" in *" $add_name "*) ;; *) break ;; esac
      add_number=$((add_number + 1))
      add_name=$add_base-$add_number
    done
  fi
  inodes="$inodes$1 " folders_taken="$folders_taken$add_name "
  [ "$1" != "$own" ] || add_net=
  add_pid=\${4:-$(sed -n "s/^$1 //p" "$draft/holders" | sed -n 1p)}
  add_id=$(sed -n "s/^ *$1 \\([0-9][0-9]*\\) *\\$/\\1/p" "$draft/lsns" | sed -n 1p)
  [ "$1" != "$root" ] || add_id=
  printf '%s|%s|%s|%s|%s|%s|%s\\n' "$1" "$add_name" "$add_net" "$add_pid" "\${5:-}" "\${6:-}" "$add_id" >>"$draft/table"
}

# Every namespace with the lowest of its processes: INODE|NAME|FILE|PID|CONTAINER|NAMED|NETNSID.
find_namespaces() {
  ls -l /proc/[0-9]*/ns/net 2>/dev/null |
    sed -n 's|.* /proc/\\([0-9]*\\)/ns/net -> net:\\[\\([0-9]*\\)\\]$|\\2 \\1|p' | sort -k2n >"$draft/holders"
  limited "$draft/lsns" "$draft/said" lsns -rn -t net -o NS,NETNSID || : >"$draft/lsns"
  inode /proc/self/ns/net
  own=$number root=$number
  if [ "$host_namespace" = init ]; then inode /proc/1/ns/net; fi
  root=\${number:-$own}
  add "$root" host /proc/1/ns/net
  for file in /run/netns/*; do
    [ -e "$file" ] || continue
    case $file in *'|'*) continue ;; esac
    inode "$file"
    # A name whose namespace is gone is an empty file.
    if [ "$(id -u)" = 0 ] && ! "$nsenter" "--net=$file" true 2>/dev/null; then continue; fi
    is_new "$number" && add "$number" "\${file##*/}" "$file" '' '' "\${file##*/}"
  done
  while read -r pid container; do
    inode "/proc/$pid/ns/net"
    [ -n "$number" ] && [ "$number" != "$root" ] || continue
    if is_new "$number"; then add "$number" "$container" "/proc/$pid/ns/net" "$pid" "$container"
    else
      sed "s/^\\($number|[^|]*|[^|]*|[^|]*|\\)|/\\1$container|/" "$draft/table" >"$draft/other"
      mv "$draft/other" "$draft/table"
    fi
  done <"$draft/containers"
  while read -r number pid; do
    is_new "$number" || continue
    command=$(cat "/proc/$pid/comm" 2>/dev/null)
    add "$number" "\${command:-pid}-$pid" "/proc/$pid/ns/net" "$pid"
  done <"$draft/holders"
  if [ "$(id -u)" != 0 ]; then miss namespaces "which processes of others are in which namespace, only root sees"; fi
  : >"$draft/other"
  while IFS='|' read -r number namespace net pid container named id; do
    case ",$only," in
      ,, | *,"$namespace",* | *,"\${container:- }",* | *,"\${named:- }",*) ;;
      *) continue ;;
    esac
    if [ -n "$net" ] && [ -z "$nsenter" ]; then miss everything 'nsenter is not installed'
    elif [ -n "$net" ] && ! "$nsenter" "--net=$net" true 2>/dev/null; then miss everything 'only root enters other namespaces'
    else printf '%s|%s|%s|%s|%s|%s|%s\\n' "$number" "$namespace" "$net" "$pid" "$container" "$named" "$id" >>"$draft/other"; fi
  done <"$draft/table"
  mv "$draft/other" "$draft/table"
  namespace= net=
}

# each_namespace FUNCTION
each_namespace() {
  while IFS='|' read -r number namespace net pid container named id <&3; do
    folder=namespaces/$namespace
    "$1"
  done 3<"$draft/table"
  namespace= net= folder=
}

# As its processes see them. No link is followed: a container may have made it.
resolver() {
  same_files=yes
  if [ -n "$net" ] && [ -n "$pid" ] && [ "$(readlink "/proc/$pid/ns/mnt" 2>/dev/null)" != "$(readlink /proc/self/ns/mnt)" ]; then
    same_files=no
  fi
  for file in $resolver_files; do
    if [ -n "$named" ] && [ -f "/etc/netns/$named/$file" ]; then from=/etc/netns/$named/$file at=
    elif [ $same_files = yes ]; then
      from=/etc/$file at=
    else
      from=/etc/$file at=/proc/$pid/root
      if [ -L "$at/etc" ] || [ -L "$at$from" ]; then continue; fi
    fi
    [ -f "$at$from" ] || continue
    in_bundle "$file"
    stamp
    taken=$now
    head -c 1048576 "$at$from" >"$bundle_place" 2>/dev/null || continue
    keep "$bundle_path" "cat $from" "$taken"
  done
}
`;
