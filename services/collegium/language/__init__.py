"""Language below every specialist: sentences, tokens, quantities; no model, no I/O, none of our packages."""
