"""One module for each command or family of commands.

A module named `some_name` is the command `collegium some-name`. Its first line is its docstring's first line, which
`collegium --help` shows, and its function of that name is the click command. It is imported when it is used.
"""
