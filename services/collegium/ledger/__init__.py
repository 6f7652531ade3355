"""Read side: run views and per-stage latencies, folded from run-events and served over HTTP."""
