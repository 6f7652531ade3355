"""The part that needs PyTorch (`requirements.txt` beside the package): the encoder, its training and its export."""
