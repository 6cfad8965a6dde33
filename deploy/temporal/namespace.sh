#!/bin/sh
# Waits until the server answers, then makes the namespace if it is not there.
set -eu

tries=0
until temporal operator cluster health; do
    tries=$((tries + 1))
    if [ "$tries" -ge 30 ]; then
        echo "the server at $TEMPORAL_ADDRESS did not answer within a minute" >&2
        exit 1
    fi
    sleep 2
done

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 72h
