#!/usr/bin/env bash
# Takes a picture of every tab and window of the app, without a data folder, with an empty one and with the sample forest,
# in light and dark, in three sizes. Shows whether something is cut off, crooked or hard to read before others see it.
#
#   packaging/gallery.sh [PROGRAM] [FOLDER]
#
# PROGRAM is target/release/syncline and FOLDER target/gallery when left out. THEMES, SIZES and ONLY narrow it down:
#   THEMES=dark SIZES=1280x800 ONLY="operations rules" packaging/gallery.sh
# LARGE names a data folder with many objects, such as one of the desktop benchmark; its tabs are photographed as well.
# Needs Xvfb, openbox, xdotool and ImageMagick; installs them on Debian when it may.
set -euo pipefail

cd "$(dirname "$0")/.."
program=$(realpath "${1:-target/release/syncline}")
folder=${2:-target/gallery}
themes=${THEMES:-light dark}
sizes=${SIZES:-900x600 1280x800 1920x1080}

missing=()
for tool in Xvfb:xvfb openbox:openbox xdotool:xdotool import:imagemagick; do
  command -v "${tool%%:*}" >/dev/null || missing+=("${tool#*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
  apt-get install --yes --no-install-recommends "${missing[@]}" >/dev/null ||
    { echo "gallery: install ${missing[*]} first" >&2; exit 1; }
fi

work=$(mktemp -d)
started=()
finish() {
  for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT
mkdir -p "$folder"

"$program" --quiet demo --no-window --data "$work/data" >/dev/null
"$program" --quiet --data "$work/empty" connector add file --name contoso.com --path "$work/data/contoso.ldif" >/dev/null
identifier() { grep -o '"guid":"[^"]*"' | head -1 | cut -d'"' -f4; }
user=$("$program" --json --data "$work/data" mv search "Aaron Hughes" --limit 1 | identifier)
object=$("$program" --json --data "$work/data" cs search contoso.com "Aaron Hughes" --limit 1 | identifier)
rule=$("$program" --json --data "$work/data" rule list | identifier)

# One screen for all pictures; its number is free and chosen by the server.
exec 3>"$work/display"
Xvfb -displayfd 3 -screen 0 2000x1200x24 >/dev/null 2>&1 &
started+=($!)
until [ -s "$work/display" ]; do sleep 0.1; done
DISPLAY=:$(cat "$work/display")
export DISPLAY LIBGL_ALWAYS_SOFTWARE=1
openbox >/dev/null 2>&1 &
started+=($!)

# A window when it no longer changes.
settled() {
  local before='' now=''
  for _ in $(seq 40); do
    sleep 0.4
    now=$(import -window "$2" rgb:- | sha256sum)
    [ "$now" = "$before" ] && break
    before=$now
  done
  import -window "$2" -strip "$1"
}

# picture NAME TAB KEYS [ARGUMENT...]: KEYS are pressed one after another when the window stands.
picture() {
  local name=$1 tab=$2 keys=$3
  shift 3
  [ -z "${ONLY:-}" ] || [[ " $ONLY " == *" $name "* ]] || return 0
  for theme in $themes; do
    for size in $sizes; do
      printf '{"theme":"%s","utc":true,"tab":"%s","window":[%s]}' "$theme" "$tab" "${size/x/,}" >"$work/settings.json"
      SYNCLINE_SETTINGS=$work/settings.json "$program" "$@" >"$work/log" 2>&1 &
      local app=$!
      started+=("$app")
      local window=''
      until [ -n "$window" ]; do
        kill -0 "$app" || { cat "$work/log" >&2; exit 1; }
        sleep 0.2
        window=$(xdotool search --onlyvisible --pid "$app" 2>/dev/null | tail -1 || true)
      done
      xdotool windowmove "$window" 0 0 windowsize "$window" "${size%x*}" "${size#*x}" mousemove 0 0
      settled "$work/before.png" "$window"
      for key in $keys; do
        case $key in
          text:*) xdotool type --delay 20 -- "${key#text:}" ;;
          *) xdotool key "$key" ;;
        esac
        sleep 0.3
      done
      settled "$folder/$name-$theme-$size.png" "$window"
      kill "$app"
      wait "$app" 2>/dev/null || true
    done
  done
  echo "$name"
}

data=(--data "$work/data")
picture welcome operations '' --data "$work/nothing"
picture operations operations '' "${data[@]}" --open syncline://run/5
picture connectors connectors '' "${data[@]}" --open syncline://connector/contoso.com
picture designer metaverse-designer '' "${data[@]}"
picture search metaverse-search 'ctrl+Return' "${data[@]}"
picture find operations 'ctrl+k text:contoso' "${data[@]}"
picture rules operations 'ctrl+r' "${data[@]}"
picture person operations '' "${data[@]}" --open "syncline://mv/$user"
picture lineage operations '' "${data[@]}" --open "syncline://mv/$user/displayName"
picture lineage-graph operations '' "${data[@]}" --open "syncline://mv/$user/graph"
picture object operations '' "${data[@]}" --open "syncline://cs/$object"
picture preview operations 'ctrl+Return' "${data[@]}" --open "syncline://cs/$object/preview"
picture rule operations '' "${data[@]}" --open "syncline://rule/$rule"
for window in charts clear-runs column-settings compare-configurations create-connector export-configuration \
  import-configuration import-connector options save-runs scheduler shortcuts what-if; do
  picture "$window" operations '' "${data[@]}" --open "syncline://window/$window"
done
for window in delete export properties refresh-schema run run-profiles update; do
  picture "connector-$window" connectors '' "${data[@]}" --open "syncline://connector/contoso.com/$window"
done
picture connector-search connectors 'ctrl+Return' "${data[@]}" --open syncline://connector/contoso.com/search
tenant='contoso.onmicrosoft.com - AAD'
picture tenant-properties connectors '' "${data[@]}" --open "syncline://connector/$tenant/properties"
picture pending-exports connectors '' "${data[@]}" --open "syncline://connector/$tenant/pending-exports"
# Tabs with nothing in them, and with very much.
tabs() {
  picture "$1-operations" operations '' --data "$2"
  picture "$1-connectors" connectors 'ctrl+f Tab Down' --data "$2"
  picture "$1-designer" metaverse-designer '' --data "$2"
  picture "$1-search" metaverse-search 'ctrl+Return' --data "$2"
}
tabs empty "$work/empty"
[ -z "${LARGE:-}" ] || tabs large "$LARGE"
echo "gallery: the pictures are in $folder"
