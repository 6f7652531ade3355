"""An independent judge of what a system's topics say: its own consumer, its own JSON, its own fold of the history.

Nothing here imports the product. `judge` reads no clock and no broker, so doctored topics can be given to it
(tests/chaos/test_checker.py), and each invariant has some that it must reject.
"""
