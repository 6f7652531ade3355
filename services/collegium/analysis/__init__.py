"""The analysis specialist: evidence in, claims grouped by question with agreement and contradiction out."""
