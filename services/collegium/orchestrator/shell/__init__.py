"""The shell: decode, load, decide, commit, publish. Everything that touches the log, the clock or the trace."""
