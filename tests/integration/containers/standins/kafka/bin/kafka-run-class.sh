#!/usr/bin/env bash
# Run one main class of Kafka with the options that the distribution's script of this name honours.
set -euo pipefail
# shellcheck disable=SC2086 # the option variables hold several words each, as in the distribution
exec /opt/java/bin/java ${KAFKA_HEAP_OPTS:--Xmx256M} ${KAFKA_LOG4J_OPTS:-} ${KAFKA_OPTS:-} \
    -Dkafka.logs.dir="${LOG_DIR:-/tmp}" -cp '/opt/kafka/libs/*' "$@"
