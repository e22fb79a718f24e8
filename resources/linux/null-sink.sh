#!/bin/sh
# A sound device made of software, for machines that have none: the SDK hands out the sound of a room by playing it. Runs until it is
# ended, and takes the device away again. In a sound server that runs already (PulseAudio, or PipeWire's part for it), else with one of its own.
set -u
SINK=trtc_null
SHAPE="sink_name=$SINK rate=48000 channels=2"

if ! command -v pactl >/dev/null || ! pactl info >/dev/null 2>&1; then
  if ! command -v pulseaudio >/dev/null; then
    echo 'There is no sound server: install pulseaudio (or pipewire-pulse) and pulseaudio-utils.' >&2
    exit 1
  fi
  exec pulseaudio -n --daemonize=no --exit-idle-time=-1 -L module-native-protocol-unix -L "module-null-sink $SHAPE"
fi

# One that an earlier run left behind.
pactl list short modules | while read -r number name rest; do
  case "$name $rest" in *module-null-sink*"$SINK"*) pactl unload-module "$number" ;; esac
done
# shellcheck disable=SC2086 # two words more
module=$(pactl load-module module-null-sink $SHAPE) || exit 1
# From here on, whenever it is ended: before the watch below runs, $! stands for nothing.
trap 'kill ${!:-} 2>/dev/null; pactl unload-module "$module" 2>/dev/null; exit 0' TERM INT HUP
pactl set-default-sink "$SINK"

# Ends with the server, whose device is gone then as well.
pactl subscribe >/dev/null &
wait $!
