"""The crash matrix: faults on a real Kafka and real processes, and an independent checker of what the topics then say.

`make chaos` runs every cell and writes docs/crash-matrix.md; `make chaos-quick` runs the cells marked `quick`.
"""
