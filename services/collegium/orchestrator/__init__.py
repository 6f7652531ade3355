"""The orchestrator: a pure core that decides, playbooks that say how, and a shell that commits to Kafka."""
