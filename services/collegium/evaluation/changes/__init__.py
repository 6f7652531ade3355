"""What is changed in a true sentence to make it false: values, names and words, each by patterns of its own."""
