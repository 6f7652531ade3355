"""The delivery specialist: the reviewed report at each of its targets, published once."""
