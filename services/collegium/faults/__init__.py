"""Fault points: named places where a test can kill, stop or end a process."""
