"""The sandbox, one kernel mechanism per file; `spawn.py` puts them in order.

Standard library only and Python 3.9 syntax: these files run under the function's interpreter, too.
"""
