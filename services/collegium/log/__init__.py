"""The Log port: produce, consume, transact and point-read, with a Kafka and a memory adapter."""
