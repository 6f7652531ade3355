"""The contracts of Collegium: every message that travels through a topic, as frozen pydantic models."""
