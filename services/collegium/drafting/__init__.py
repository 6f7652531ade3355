"""The drafting specialist: evidence and its analysis in, a structured report with citations out."""
