"""The verification specialist: every sentence of a draft checked against the passages that it cites."""
