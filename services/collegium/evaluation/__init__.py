"""Measures specialists on judged data: readers of public layouts, subjects, metrics, a runner, reports.

`collegium evaluate` is its command line; `README.md` says what a figure means. Import from the modules: metrics and
folds need nothing but NumPy.
"""
