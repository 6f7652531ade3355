"""Collegium: teams of specialist agents as event-driven services on Apache Kafka."""
