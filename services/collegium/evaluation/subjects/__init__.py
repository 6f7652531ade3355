"""The shipped specialists as subjects, run in-process on one case."""
