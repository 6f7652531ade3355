#!/bin/sh
# Sends an objective with Kafka's own console producer, and prints the decisions on its run until interrupted.
#
#   examples/publish/console.sh 127.0.0.1:9092 '{"goal": "What is log compaction?", "corpus": "kafka-docs"}'
#
# The run_id, made here, is the key: sending the same line again changes nothing. PATH must hold Kafka's bin directory;
# COLLEGIUM_KAFKA_TOPIC_PREFIX is the prefix of the topics when it is not `collegium.`.
set -eu
bootstrap=$1
objective=$2
prefix=${COLLEGIUM_KAFKA_TOPIC_PREFIX:-collegium.}
run_id=$(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen | tr 'A-Z' 'a-z')

printf '%s|%s\n' "$run_id" "$objective" |
    kafka-console-producer.sh --bootstrap-server "$bootstrap" --topic "${prefix}objectives" \
        --property parse.key=true --property key.separator='|'
echo "run $run_id" >&2

kafka-console-consumer.sh --bootstrap-server "$bootstrap" --topic "${prefix}run-events" --from-beginning \
    --consumer-property isolation.level=read_committed --property print.key=true |
    grep -a --line-buffered "^$run_id"
