"""The retrieval specialist: corpora of documents, an index over their passages, search, and cited evidence."""
