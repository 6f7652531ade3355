"""Trains the entailment verifier: does a passage support a sentence, contradict it, or say nothing of it?

Never imported by the product, which needs only the exported ONNX file. Modules that need PyTorch are in `network/`.
"""
