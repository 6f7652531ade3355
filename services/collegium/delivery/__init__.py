"""The delivery specialist: the reviewed report as files, written once."""
