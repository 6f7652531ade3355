"""Files into normalised text with headings, one module per format."""
