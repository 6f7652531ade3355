"""A real single-node Kafka and every service on one machine, from Python packages alone.

`setup.prepare_kafka` fetches what is pinned in `jars.lock`; `kafka.EmbeddedKafka` runs a broker;
`stack.run_stack` runs broker and services; `operate` works on a running stack from another terminal;
`doctor.examine` says what is missing on this machine.
"""
