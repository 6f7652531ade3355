"""The specialist runtime and SDK: task consumer, reasoning loop, toolbox, context access."""
