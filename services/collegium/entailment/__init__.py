"""Does a text entail, leave open or contradict a sentence? The optional model, its port, and windows of documents."""
